/** Samples. */
export const oneTexts = {
    "good": ["好", "Good"],
    "same": ["Good", "Good"],
    "mixed": ["好", "好"],
    "names": ["{a}个", "{b}"],
    "half": ["一半"],
    "step.pay": ["支付", "Pay"],
    "unused": ["没用", "Unused"]
};
