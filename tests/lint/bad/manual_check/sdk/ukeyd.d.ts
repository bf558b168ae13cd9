export type SdkCode =
  | "sdk-code";
