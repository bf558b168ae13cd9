/** Samples. */
export const twoTexts = {
    "good": ["好", "Good"]
};
