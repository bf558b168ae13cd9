/* ---- samples ---- */
DOCTOR_ITEM(DOCTOR_GOOD, "good", FIX, "错误", "Error", "原因。", "Cause.", "请重试。", "Try again.")
DOCTOR_ITEM(DOCTOR_ONE, "good", NO, "错误", "Error", "原因。", "Cause.", "请重试。", "Try again.")
DOCTOR_ITEM(DOCTOR_TWO, "two", MAYBE, "错误", "Error", "原因。", "Cause.", "请重试。", "Try again.")
DOCTOR_ITEM(DOCTOR_THREE, "three", NO, "错误", "Error", "Cause.", "Cause.", "请重试。", "Try again.")
DOCTOR_ITEM(DOCTOR_FOUR, "four", NO, "错误", "Error", "原因。", "Cause.", "请重试", "Try again.")
