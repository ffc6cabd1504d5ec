import { useId } from "react";
import { Choice, type Option } from "../ui/Choice";

/** A choice whose name is told to screen readers only: what it is for can be seen. */
export function NamedChoice({ label, ...rest }: { label: string; value: string; options: readonly Option[]; onChange: (value: string) => void }) {
  const id = useId();
  return (
    <span className="named-choice">
      <span className="unseen" id={id}>
        {label}
      </span>
      <Choice labelledBy={id} {...rest} />
    </span>
  );
}
