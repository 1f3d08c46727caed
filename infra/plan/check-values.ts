import { FindingsCollector } from "./refusals.ts";
import { didYouMean } from "./similar.ts";
import { bytes, formatBytes, formatMilliseconds, milliseconds, show, UnitError } from "./units.ts";

/** What a whole number must be. */
export interface IntegerRule {
  readonly min: number;
  readonly max: number;
  readonly default: number;
  /** Why no less than `min`, and what to do instead: said when the value is below it. */
  readonly tooFew?: string;
}

/** What a time must be; in milliseconds. */
export interface DurationRule {
  readonly min: number;
  readonly max: number;
  readonly default: string;
  /** Redis takes this one in seconds. */
  readonly wholeSeconds?: boolean;
}

/**
 * Looks at arguments one by one and collects what is wrong with them. Each method answers with the value that holds
 * (the default where there is none), or undefined where it was refused, so that checks that need it are left out.
 */
export class ArgumentChecker {
  readonly findings: FindingsCollector;
  readonly #args: Readonly<Record<string, unknown>>;
  readonly #prefix: string;

  constructor(args: Readonly<Record<string, unknown>>, findings = new FindingsCollector(), prefix = "") {
    this.findings = findings;
    this.#args = args;
    this.#prefix = prefix;
  }

  value(key: string): unknown {
    return this.#args[key];
  }

  refuse(key: string, message: string): undefined {
    this.findings.refuse(this.#prefix + key, message);
    return undefined;
  }

  integer(key: string, rule: IntegerRule): number | undefined {
    const value = this.value(key) ?? rule.default;
    const range = `a whole number from ${rule.min} to ${rule.max}`;
    if (typeof value !== "number") {
      return this.refuse(key, `${show(value)} is not a number: write ${range}${withoutQuotes(value)}`);
    }
    if (value < rule.min && rule.tooFew !== undefined) return this.refuse(key, `${value} is too few: ${rule.tooFew}`);
    if (!Number.isInteger(value) || value < rule.min || value > rule.max) {
      return this.refuse(key, `${value} is not allowed: write ${range}, such as ${rule.default}`);
    }
    return value;
  }

  duration(key: string, rule: DurationRule): number | undefined {
    const value = this.value(key) ?? rule.default;
    const time = this.parse(key, () => milliseconds(value as string | number));
    if (time === undefined) return undefined;
    if (time < rule.min || time > rule.max) {
      const range = `"${formatMilliseconds(rule.min)}" to "${formatMilliseconds(rule.max)}"`;
      return this.refuse(key, `${show(value)} is not allowed: write ${range}, such as "${rule.default}"`);
    }
    if (rule.wholeSeconds && time % 1000 !== 0) {
      const near = `"${formatMilliseconds(Math.ceil(time / 1000) * 1000)}"`;
      return this.refuse(key, `${show(value)} is not a whole number of seconds, as Redis needs it: write ${near}`);
    }
    return time;
  }

  size(
    key: string,
    rule: { readonly min: number; readonly max: number; readonly default: string },
  ): number | undefined {
    const value = this.value(key) ?? rule.default;
    const size = this.parse(key, () => bytes(value as string | number));
    if (size === undefined) return undefined;
    const range = `"${formatBytes(rule.min)}" to "${formatBytes(rule.max)}"`;
    if (size < rule.min) {
      const digits = /^\d+/.exec(String(value))?.[0];
      const meant = Number(digits) * bytes("1mb") < rule.min ? "" : `; did you mean "${digits}mb"?`;
      return this.refuse(key, `${show(value)} is too little: write ${range}, such as "${rule.default}"${meant}`);
    }
    if (size > rule.max) return this.refuse(key, `${show(value)} is too much: write ${range}`);
    return size;
  }

  /** A share, 0 to 1. */
  share(key: string, fallback: number): number | undefined {
    const value = this.value(key) ?? fallback;
    if (typeof value === "number" && value >= 0 && value <= 1) return value;
    const percent = /^(\d+(?:\.\d+)?)\s*%?$/.exec(String(value))?.[1];
    const meant = percent !== undefined && Number(percent) <= 100 ? `; did you mean ${Number(percent) / 100}?` : "";
    return this.refuse(key, `${show(value)} is not a share: write a number from 0 to 1, such as ${fallback}${meant}`);
  }

  choice<Choice extends string>(key: string, allowed: readonly Choice[], fallback: Choice): Choice | undefined {
    const value = this.value(key) ?? fallback;
    const found = allowed.find((choice) => choice === value);
    if (found !== undefined) return found;
    const choices = allowed.map((choice) => `"${choice}"`).join(", ");
    return this.refuse(key, `${show(value)} is not known: choose one of ${choices}${didYouMean(value, allowed)}`);
  }

  /** Yes or no. */
  flag(key: string, fallback: boolean): boolean | undefined {
    const value = this.value(key) ?? fallback;
    if (typeof value === "boolean") return value;
    const meant = { true: true, yes: true, on: true, false: false, no: false, off: false }[String(value).toLowerCase()];
    const hint =
      meant === undefined ? "" : `; did you mean ${meant}${typeof value === "string" ? ", without quotes" : ""}?`;
    return this.refuse(key, `${show(value)} is neither true nor false: write one of them${hint}`);
  }

  /** Text, or undefined where there is none. */
  text(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "string") return value;
    return this.refuse(key, `${show(value)} is not a text: write it in quotes`);
  }

  /** Refuses arguments that do not exist; `elsewhere` says where one would belong. */
  known(subject: string, keys: readonly string[], elsewhere: (key: string) => string | undefined): void {
    for (const [key, value] of Object.entries(this.#args)) {
      if (value === undefined || keys.includes(key)) continue;
      const takes = `is not an argument of ${subject}, which takes ${keys.join(", ")}`;
      this.refuse(key, elsewhere(key) ?? takes + didYouMean(key, keys));
    }
  }

  private parse(key: string, read: () => number): number | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof UnitError) return this.refuse(key, error.message);
      throw error;
    }
  }
}

/** The hint for a number that was written as a text. */
export function withoutQuotes(value: unknown): string {
  return typeof value === "string" && /^\d+$/.test(value) ? `; did you mean ${value}, without quotes?` : "";
}
