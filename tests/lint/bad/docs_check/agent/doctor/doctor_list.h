/* ---- samples ---- */
DOCTOR_ITEM(DOCTOR_ONE, "one", NO, "错误", "Error", "原因。", "Cause.", "请重试。", "Try again.")
