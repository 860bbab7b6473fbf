import { InvalidArgumentError } from "commander";

/** A number from a command line, from 1. @throws InvalidArgumentError, which commander tells plainly */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(text);
}
