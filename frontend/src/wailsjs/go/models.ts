export namespace app {
	
	export interface Finished {
	    id: number;
	    kind: string;
	    name: string;
	    state: string;
	    error: string;
	    chat: string;
	    began: number;
	    ended: number;
	}
	export interface PortingEvent {
	    job: string;
	    state: string;
	    done: number;
	    total: number;
	}
	export interface Process {
	    pid: number;
	    name: string;
	    own: boolean;
	    bytes: number;
	    files: number;
	}
	export interface LoadedModel {
	    ref: string;
	    state: string;
	    users: number;
	    weights: number;
	    kv: number;
	    kvType: string;
	    context: number;
	    embeds: boolean;
	}
	export interface Activity {
	    at: number;
	    writings: chat.Writing[];
	    models: LoadedModel[];
	    processes: Process[];
	    memoryTotal: number;
	    memoryAvailable: number;
	    porting?: PortingEvent;
	    finished: Finished[];
	}
	export interface BackupDone {
	    path: string;
	    bytes: number;
	    createdAt: number;
	    program: string;
	    chats: number;
	    messages: number;
	    documents: number;
	    files: number;
	    weights: boolean;
	    tokens: boolean;
	    models: backup.Model[];
	    fetch: string;
	}
	export interface BackupInfo {
	    path: string;
	    bytes: number;
	    createdAt: number;
	    program: string;
	    chats: number;
	    messages: number;
	    documents: number;
	    files: number;
	    weights: boolean;
	    tokens: boolean;
	    models: backup.Model[];
	}
	export interface BackupOptions {
	    weights: boolean;
	    tokens: boolean;
	}
	export interface Cache {
	    level: number;
	    bytes: number;
	    shared: number;
	}
	export interface Fit {
	    verdict: string;
	    weights: number;
	    kv: number;
	    buffers: number;
	    total: number;
	    available: number;
	    context: number;
	    longestContext: number;
	    perSecond: number;
	    prefillPerSecond: number;
	    why: string;
	}
	export interface CatalogFile {
	    ref: string;
	    quant: string;
	    sizeBytes: number;
	    installed: boolean;
	    default: boolean;
	    fit: Fit;
	}
	export interface CatalogEntry {
	    ref: string;
	    name: string;
	    maker: string;
	    family: string;
	    kind: string;
	    summary: string;
	    goodFor: string[];
	    languages: string[];
	    released: string;
	    licence: string;
	    licenceName: string;
	    licenceUrl: string;
	    restrictions: string;
	    terms: boolean;
	    accepted: boolean;
	    homepage: string;
	    architecture: string;
	    parameters: number;
	    activeParameters: number;
	    contextLength: number;
	    recommended: boolean;
	    files: CatalogFile[];
	    quant: string;
	    sizeBytes: number;
	    installed: boolean;
	}
	
	export interface ModelBytes {
	    ref: string;
	    bytes: number;
	    shared: boolean;
	}
	export interface DiskUse {
	    models: ModelBytes[];
	    unused: number;
	    unfinished: number;
	    snapshots: number;
	    free: number;
	    dir: string;
	}
	export interface Download {
	    ref: string;
	    name: string;
	    state: string;
	    done: number;
	    total: number;
	    perSecond: number;
	    note: string;
	    error: string;
	    model: string;
	}
	export interface Exported {
	    name: string;
	    path: string;
	    type: string;
	    data: string;
	    fetch: string;
	}
	
	
	export interface FoundFile {
	    ref: string;
	    quant: string;
	    sizeBytes: number;
	    estimated: boolean;
	    parts: number;
	    installed: boolean;
	    fit: Fit;
	}
	export interface FoundModel {
	    repo: string;
	    name: string;
	    author: string;
	    downloads: number;
	    likes: number;
	    gated: boolean;
	    licence: string;
	    updatedAt: number;
	    architecture: string;
	    parameters: number;
	    contextLength: number;
	    files: FoundFile[];
	}
	export interface FoundModels {
	    models: FoundModel[];
	    next: string;
	}
	export interface GPU {
	    name: string;
	    vendor: string;
	    driver: string;
	    memoryBytes: number;
	    freeBytes: number;
	    api: string;
	    usable: boolean;
	    note: string;
	}
	export interface Profile {
	    readBytesPerSecond: number;
	    int8OpsPerSecond: number;
	    threads: number;
	    measuredAt: number;
	}
	export interface Hardware {
	    cpu: string;
	    os: string;
	    arch: string;
	    physicalCores: number;
	    performanceCores: number;
	    logicalCores: number;
	    isa: string;
	    features: string[];
	    caches: Cache[];
	    memoryTotal: number;
	    memoryAvailable: number;
	    memoryLimit: string;
	    gpus: GPU[];
	    diskFree: number;
	    backend: string;
	    profile?: Profile;
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
	    embeds: boolean;
	    tool: string;
	    external: boolean;
	    loaded: boolean;
	    addedAt: number;
	    problem: string;
	    fit?: Fit;
	}
	
	export interface NetworkRequest {
	    id: number;
	    time: number;
	    method: string;
	    host: string;
	    path: string;
	    purpose: string;
	    status: number;
	    sent: number;
	    received: number;
	    milliseconds: number;
	    ended: boolean;
	    refused: boolean;
	    error: string;
	}
	export interface Notice {
	    kind: string;
	    text: string;
	    path: string;
	}
	export interface OtherStore {
	    tool: string;
	    dir: string;
	    models: number;
	    bytes: number;
	}
	export interface PlanFile {
	    role: string;
	    name: string;
	    sizeBytes: number;
	    sha256: string;
	}
	export interface Plan {
	    ref: string;
	    name: string;
	    licence: string;
	    licenceUrl: string;
	    homepage: string;
	    architecture: string;
	    quant: string;
	    terms: string;
	    accepted: boolean;
	    gated: boolean;
	    installed: boolean;
	    sizeBytes: number;
	    files: PlanFile[];
	    fit: Fit;
	}
	
	
	
	
	export interface Removed {
	    chat: chat.Chat;
	    root: string;
	}
	export interface Settings {
	    theme: string;
	    language: string;
	    defaultModel: string;
	    threads: number;
	    contextLength: number;
	    networkAllowed: boolean;
	    snapshots: boolean;
	    sampling: chat.Sampling;
	    system: string;
	    zoom: number;
	    notifications: boolean;
	    autoTitles: boolean;
	    adoptOthers: boolean;
	    parallelDownloads: number;
	    bandwidthLimit: number;
	    proxy: string;
	    caFile: string;
	    hfEndpoint: string;
	    hfToken: string;
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

export namespace backup {
	
	export interface Model {
	    ref: string;
	    name: string;
	    digest: string;
	    size: number;
	    source: string;
	    included: boolean;
	}

}

export namespace chat {
	
	export interface Arrangement {
	    folder?: string;
	    pinned?: boolean;
	    archived?: boolean;
	    addTags: string[];
	    dropTags: string[];
	}
	export interface Trial {
	    id: string;
	    sampling?: Sampling;
	    adapter: string;
	    verdict: string;
	}
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
	    thinkingMs: number;
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
	    evidence?: document.Evidence;
	    trial?: Trial;
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
	    folder: string;
	    pinned: boolean;
	    archived: boolean;
	    tags: string[];
	    titledBy: string;
	    temporary: boolean;
	    system: string;
	    sampling: Sampling;
	    sources: document.Sources;
	    messages: Message[];
	}
	export interface ContextUse {
	    chatId: string;
	    limit: number;
	    system: number;
	    history: number;
	    draft: number;
	    documents: number;
	    answer: number;
	    total: number;
	    leftOut: number;
	}
	export interface Draft {
	    chatId: string;
	    text: string;
	    editedAt: number;
	}
	export interface Folder {
	    id: string;
	    name: string;
	    createdAt: number;
	}
	export interface Piece {
	    text: string;
	    hit: boolean;
	}
	export interface Summary {
	    id: string;
	    title: string;
	    model: string;
	    createdAt: number;
	    updatedAt: number;
	    leaf: string;
	    generating: boolean;
	    folder: string;
	    pinned: boolean;
	    archived: boolean;
	    tags: string[];
	    titledBy: string;
	    temporary: boolean;
	}
	export interface Found {
	    chat: Summary;
	    messageId: string;
	    role: string;
	    createdAt: number;
	    snippet: Piece[];
	}
	
	
	export interface Queued {
	    id: string;
	    text: string;
	    createdAt: number;
	}
	export interface Queue {
	    chatId: string;
	    items: Queued[];
	    held: string;
	}
	
	
	
	
	
	export interface Way {
	    model: string;
	    sampling?: Sampling;
	}
	export interface Writing {
	    chatId: string;
	    messageId: string;
	    title: string;
	    model: string;
	    waits: boolean;
	    done: number;
	    total: number;
	    tokens: number;
	    perSecond: number;
	    since: number;
	}

}

export namespace document {
	
	export interface Budget {
	    limit: number;
	    system: number;
	    documents: number;
	    history: number;
	    question: number;
	    answer: number;
	}
	export interface Collection {
	    id: string;
	    name: string;
	    folder: string;
	    documents: number;
	    createdAt: number;
	}
	export interface Column {
	    name: string;
	    column: string;
	    type: string;
	    unit: string;
	}
	export interface Sheet {
	    name: string;
	    table: string;
	    columns: Column[];
	    rows: number;
	}
	export interface Document {
	    id: string;
	    name: string;
	    path: string;
	    folder: string;
	    state: string;
	    title: string;
	    receipt: parse.Receipt;
	    tokens: number;
	    chunks: number;
	    vectors: number;
	    sheets: Sheet[];
	    missing: boolean;
	    addedAt: number;
	    indexedAt: number;
	    modifiedAt: number;
	    collections: string[];
	}
	export interface Took {
	    route: number;
	    search: number;
	    map: number;
	    query: number;
	    generate: number;
	    check: number;
	}
	export interface Quote {
	    n: number;
	    start: number;
	    end: number;
	    pageStart: number;
	    pageEnd: number;
	}
	export interface Sentence {
	    start: number;
	    end: number;
	    cites: number[];
	    verdict: string;
	    score: number;
	    quotes: Quote[];
	}
	export interface Query {
	    sql: string;
	    by: string;
	    columns: string[];
	    rows: string[][];
	    total: number;
	    error: string;
	}
	export interface Scores {
	    words: number;
	    wordsRank: number;
	    vector: number;
	    vectorRank: number;
	    fused: number;
	    rerank: number;
	    rerankRank: number;
	    terms: string[];
	}
	export interface Passage {
	    n: number;
	    chunk: number;
	    document: string;
	    name: string;
	    page: number;
	    label: string;
	    start: number;
	    end: number;
	    endPage: number;
	    heading: string[];
	    text: string;
	    scores: Scores;
	}
	export interface Evidence {
	    route: string;
	    chosen: boolean;
	    why: string;
	    passages: Passage[];
	    query?: Query;
	    sentences: Sentence[];
	    absent: boolean;
	    read: number;
	    of: number;
	    leftOut: string[];
	    budget: Budget;
	    took: Took;
	}
	
	
	
	
	
	
	export interface Sources {
	    documents: string[];
	    collections: string[];
	    route: string;
	}

}

export namespace librarian {
	
	export interface PageImage {
	    png: string;
	    width: number;
	    height: number;
	    scale: number;
	}
	export interface PageInfo {
	    number: number;
	    label: string;
	    width: number;
	    height: number;
	    characters: number;
	}
	export interface PageText {
	    number: number;
	    label: string;
	    text: string;
	    width: number;
	    height: number;
	}

}

export namespace parse {
	
	export interface Skip {
	    what: string;
	    where?: string;
	    why: string;
	    count?: number;
	    minor?: boolean;
	}
	export interface Receipt {
	    file: string;
	    sha256?: string;
	    size: number;
	    kind: string;
	    encoding?: string;
	    status: string;
	    problem?: string;
	    error?: string;
	    unit?: string;
	    pages: number;
	    pages_total: number;
	    recognised?: number;
	    characters: number;
	    words: number;
	    tables: number;
	    rows?: number;
	    images: number;
	    skipped?: Skip[];
	    warnings?: string[];
	    took_ms: number;
	}

}

export namespace porting {
	
	export interface Counts {
	    new: number;
	    known: number;
	    grown: number;
	    deleted: number;
	    empty: number;
	    failed: number;
	    messages: number;
	}
	export interface Note {
	    kind: string;
	    count: number;
	    text: string;
	}
	export interface Entry {
	    chat: string;
	    title: string;
	    source: string;
	    place: string;
	    state: string;
	    messages: number;
	    branches: number;
	    createdAt: number;
	    updatedAt: number;
	    notes: Note[];
	}
	
	export interface Options {
	    format: string;
	    whole: boolean;
	    skipFailed: boolean;
	}
	export interface Problem {
	    place: string;
	    text: string;
	}
	export interface Receipt {
	    id: string;
	    at: number;
	    files: string[];
	    undone: number;
	    counts: Counts;
	    entries: Entry[];
	    problems: Problem[];
	    skipped: string[];
	}
	export interface Undone {
	    removed: number;
	    stayed: string[];
	    chats: string[];
	}

}

export namespace preset {
	
	export interface Preset {
	    id: string;
	    name: string;
	    about: string;
	    icon: string;
	    colour: string;
	    system: string;
	    prompt: string;
	    command: string;
	    model: string;
	    sampling?: chat.Sampling;
	    sources: document.Sources;
	    examples: string[];
	    hidden: boolean;
	    createdAt: number;
	}

}

