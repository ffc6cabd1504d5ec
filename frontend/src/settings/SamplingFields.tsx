import { ChevronDown } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { Sampling } from "../transport/api";
import { NumberField, SliderField, TextAreaField } from "../ui/controls";
import { t } from "../strings";

/** How the next token is picked: the two that most people want first, the others on demand. */
export function SamplingFields({ value, onChange }: { value: Sampling; onChange: (value: Sampling) => void }) {
  const set = (change: Partial<Sampling>) => onChange({ ...value, ...change });
  return (
    <div className="sampling">
      <SliderField {...t.sampling.temperature} value={value.temperature} min={0} max={2} step={0.05} onChange={(temperature) => set({ temperature })} />
      <SliderField {...t.sampling.topP} value={value.topP} min={0} max={1} step={0.01} onChange={(topP) => set({ topP })} />
      <NumberField {...t.sampling.maxTokens} value={value.maxTokens} min={0} max={1_000_000} onChange={(maxTokens) => set({ maxTokens })} />
      <details className="more">
        <summary>
          <ChevronDown aria-hidden="true" />
          {t.sampling.more}
        </summary>
        <div className="more-fields">
          <SliderField {...t.sampling.minP} value={value.minP} min={0} max={1} step={0.01} onChange={(minP) => set({ minP })} />
          <NumberField {...t.sampling.topK} value={value.topK} min={0} max={1000} onChange={(topK) => set({ topK })} />
          <SliderField {...t.sampling.typicalP} value={value.typicalP} min={0} max={1} step={0.01} onChange={(typicalP) => set({ typicalP })} />
          <SliderField {...t.sampling.repeatPenalty} value={value.repeatPenalty} min={0.5} max={2} step={0.05} onChange={(repeatPenalty) => set({ repeatPenalty })} />
          <SliderField {...t.sampling.frequencyPenalty} value={value.frequencyPenalty} min={-2} max={2} step={0.05} onChange={(frequencyPenalty) => set({ frequencyPenalty })} />
          <SliderField {...t.sampling.presencePenalty} value={value.presencePenalty} min={-2} max={2} step={0.05} onChange={(presencePenalty) => set({ presencePenalty })} />
          <NumberField {...t.sampling.seed} value={value.seed} min={0} max={Number.MAX_SAFE_INTEGER} onChange={(seed) => set({ seed })} />
          <StopField value={value.stop} onChange={(stop) => set({ stop })} />
        </div>
      </details>
    </div>
  );
}

/** Stop texts, one a line. Taken when the field is left: until then a line may be empty. */
function StopField({ value, onChange }: { value: readonly string[]; onChange: (stop: string[]) => void }) {
  const [text, setText] = useState<string | null>(null);
  const leave = () => {
    if (text === null) return;
    const stop = text.split("\n").filter((line) => line !== "");
    if (stop.join("\n") !== value.join("\n")) onChange(stop);
    setText(null);
  };
  // A field that goes away with its panel is left too.
  const left = useRef(leave);
  left.current = leave;
  useEffect(() => () => left.current(), []);
  return <TextAreaField {...t.sampling.stop} rows={2} value={text ?? value.join("\n")} onChange={setText} onBlur={leave} />;
}
