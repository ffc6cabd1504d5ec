export namespace app {
	
	export interface CatalogEntry {
	    ref: string;
	    name: string;
	    summary: string;
	    licence: string;
	    licenceUrl: string;
	    quant: string;
	    sizeBytes: number;
	    parameters: number;
	    contextLength: number;
	    homepage: string;
	    installed: boolean;
	}
	export interface Download {
	    ref: string;
	    name: string;
	    state: string;
	    done: number;
	    total: number;
	    perSecond: number;
	    error: string;
	}
	export interface GPU {
	    name: string;
	    memoryBytes: number;
	    usable: boolean;
	    note: string;
	}
	export interface Hardware {
	    cpu: string;
	    os: string;
	    arch: string;
	    physicalCores: number;
	    logicalCores: number;
	    isa: string;
	    memoryTotal: number;
	    memoryAvailable: number;
	    gpus: GPU[];
	    diskFree: number;
	    backend: string;
	}
	export interface Model {
	    ref: string;
	    name: string;
	    architecture: string;
	    quant: string;
	    path: string;
	    licence: string;
	    source: string;
	    digest: string;
	    sizeBytes: number;
	    parameters: number;
	    contextLength: number;
	    starter: boolean;
	    loaded: boolean;
	    addedAt: number;
	    problem: string;
	}
	export interface Settings {
	    theme: string;
	    defaultModel: string;
	    threads: number;
	    contextLength: number;
	    networkAllowed: boolean;
	    snapshots: boolean;
	    sampling: chat.Sampling;
	    system: string;
	}
	export interface State {
	    version: string;
	    platform: string;
	    face: string;
	    home: string;
	    settings: Settings;
	    models: Model[];
	    chats: chat.Summary[];
	    loadedModel: string;
	    starterMissing: boolean;
	    hint: string;
	}

}

export namespace chat {
	
	export interface Timings {
	    promptTokens: number;
	    cachedTokens: number;
	    completionTokens: number;
	    loadMs: number;
	    firstTokenMs: number;
	    prefillMs: number;
	    decodeMs: number;
	    prefillPerSecond: number;
	    decodePerSecond: number;
	}
	export interface Message {
	    id: string;
	    chatId: string;
	    parentId: string;
	    role: string;
	    content: string;
	    thinking: string;
	    model: string;
	    status: string;
	    error: string;
	    stopReason: string;
	    leftOut: number;
	    timings?: Timings;
	    createdAt: number;
	}
	export interface Sampling {
	    temperature: number;
	    topK: number;
	    topP: number;
	    minP: number;
	    typicalP: number;
	    repeatPenalty: number;
	    frequencyPenalty: number;
	    presencePenalty: number;
	    seed: number;
	    maxTokens: number;
	    stop: string[];
	}
	export interface Chat {
	    id: string;
	    title: string;
	    model: string;
	    createdAt: number;
	    updatedAt: number;
	    leaf: string;
	    generating: boolean;
	    system: string;
	    sampling: Sampling;
	    messages: Message[];
	}
	export interface ContextUse {
	    chatId: string;
	    limit: number;
	    system: number;
	    history: number;
	    draft: number;
	    answer: number;
	    total: number;
	    leftOut: number;
	}
	
	
	export interface Summary {
	    id: string;
	    title: string;
	    model: string;
	    createdAt: number;
	    updatedAt: number;
	    leaf: string;
	    generating: boolean;
	}

}

