/** Uses the samples. */
export const shown = (step) => [t("good"), t("same"), t("mixed"), t("names"), t("half"), t(`step.${step}`)];
export const missing = t("missing");
