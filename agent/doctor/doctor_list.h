/* Every finding of the doctor: the enum, the stable code, whether --fix can do something about it, what is
 * wrong (Chinese, English), why it usually is so, and what to do. docs/api/doctor.md is made from this list
 * by ./dev docs.
 *
 * Codes are part of the interface: never renamed, never reused. Those that base/err_list.h has too mean the
 * same here. No include guard: included where DOCTOR_ITEM is defined. */

/* clang-format off */

/* ---- the agent ---- */
DOCTOR_ITEM(DOCTOR_AGENT_NOT_RUNNING, "agent-not-running", FIX,
    "延期驱动（ukeyd）没有运行", "The agent (ukeyd) is not running",
    "登录桌面后没有启动，或已经退出。", "It was not started with the desktop session, or it has ended.",
    "请注销后重新登录，或执行 systemctl --user start ukeyd。", "Log out and in again, or run systemctl --user start ukeyd.")
DOCTOR_ITEM(DOCTOR_AGENT_SILENT, "agent-silent", FIX,
    "延期驱动没有回答", "The agent does not answer",
    "驱动正在退出，或已停止响应。", "It is about to end, or it hangs.",
    "请执行 systemctl --user restart ukeyd；办理中的操作会继续。", "Run systemctl --user restart ukeyd; what is under way goes on.")
DOCTOR_ITEM(DOCTOR_AGENT_OLD, "agent-old", FIX,
    "正在运行的不是已安装的版本", "The running agent is not the installed version",
    "驱动升级后还没有重新启动。", "It was upgraded and has not been restarted since.",
    "请执行 systemctl --user restart ukeyd，或注销后重新登录。", "Run systemctl --user restart ukeyd, or log out and in again.")
DOCTOR_ITEM(DOCTOR_SEVERAL_AGENTS, "several-agents", NO,
    "同时运行着多个延期驱动", "Several agents are running",
    "除自动启动的以外，又手工启动了一个。", "One was started by hand beside the one that starts by itself.",
    "请结束手工启动的 ukeyd，或注销后重新登录。", "End the ukeyd that was started by hand, or log out and in again.")
DOCTOR_ITEM(DOCTOR_UNIT_FAILED, "unit-failed", FIX,
    "延期驱动的用户服务启动失败", "The agent's user service has failed",
    "驱动启动时出错，原因见 ukeyctl log。", "The agent could not start; ukeyctl log says why.",
    "请先处理列出的其他问题，再执行 systemctl --user restart ukeyd。", "Deal with the other findings first, then run systemctl --user restart ukeyd.")
DOCTOR_ITEM(DOCTOR_UNIT_DISABLED, "unit-disabled", NO,
    "延期驱动的用户服务已被停用", "The agent's user service is switched off",
    "被用户或管理员用 systemctl 停用或屏蔽。", "Somebody disabled or masked it with systemctl.",
    "请执行 systemctl --user unmask ukeyd.socket，再执行 systemctl --user enable --now ukeyd.socket。", "Run systemctl --user unmask ukeyd.socket, then systemctl --user enable --now ukeyd.socket.")
DOCTOR_ITEM(DOCTOR_HTTPS, "https-failed", FIX,
    "延期驱动没有以自己的证书回答网页连接", "The agent does not answer pages with its own certificate",
    "驱动的证书文件在运行中被改动或删除。", "The certificate's file was changed or removed while it ran.",
    "请执行 systemctl --user restart ukeyd，再执行 ukeyctl trust install。", "Run systemctl --user restart ukeyd, then ukeyctl trust install.")
DOCTOR_ITEM(DOCTOR_IDENTITY_EXPIRED, "identity-expired", FIX,
    "延期驱动的本机证书不在有效期内", "The agent's own certificate is not valid now",
    "生成证书时电脑时间不对，或更换证书失败。", "It was made while the clock was wrong, or it could not be renewed.",
    "请确认电脑时间，再执行 systemctl --user restart ukeyd。", "Check the computer's clock, then run systemctl --user restart ukeyd.")
DOCTOR_ITEM(DOCTOR_PORT_TAKEN, "port-taken", NO,
    "延期驱动的端口被其他程序占用", "Another program holds a port of the agent",
    "驱动改用了下一个端口，部分网页可能找不到它。", "The agent takes the next port, where some pages may not look.",
    "请关闭列出的程序，再重新启动驱动。", "Close the program that is named, then restart the agent.")
DOCTOR_ITEM(DOCTOR_PORTS_TAKEN, "ports-taken", NO,
    "延期驱动的端口全部被占用", "All ports of the agent are taken",
    "其他程序占用了所有可用的端口，驱动无法启动。", "Other programs hold all of them, so the agent can't start.",
    "请关闭列出的程序，再重新启动驱动。", "Close the programs that are named, then restart the agent.")

/* ---- settings and files ---- */
DOCTOR_ITEM(DOCTOR_CONFIG, "config", NO,
    "配置文件有误", "The configuration is wrong",
    "配置文件被手工改错，或编码不是 UTF-8。", "A file was edited wrongly, or is not UTF-8.",
    "请管理员按列出的文件和行更正，见 ukeyd.conf(5)。", "Ask the administrator to correct the file and line that are named; see ukeyd.conf(5).")
DOCTOR_ITEM(DOCTOR_NO_PLATFORM, "no-platform", NO,
    "没有配置任何平台", "No platform is configured",
    "没有安装平台提供的配置包。", "The platform's own package is not installed.",
    "请安装采购平台提供的驱动配置包，或由管理员填写 ukeyd.conf。", "Install the package of your procurement platform, or ask the administrator to fill in ukeyd.conf.")
DOCTOR_ITEM(DOCTOR_ROOTS, "roots-unreadable", NO,
    "平台的根证书文件无法使用", "A platform's root certificates can't be used",
    "文件不存在、不可读或不是证书；该平台不可用。", "The file is missing, unreadable or holds no certificate; the platform is left out.",
    "请重新安装平台的配置包，或由管理员更正该文件。", "Install the platform's package anew, or ask the administrator to correct the file.")
DOCTOR_ITEM(DOCTOR_STATE_FOREIGN, "state-foreign", NO,
    "延期驱动的文件夹属于其他用户", "A folder of the agent belongs to another user",
    "曾用 sudo 运行过 ukeyd 或 ukeyctl。", "ukeyd or ukeyctl was once run with sudo.",
    "请管理员执行 sudo chown -R 用户名 加上列出的文件夹。", "Ask the administrator to run sudo chown -R with your name and the folder.")
DOCTOR_ITEM(DOCTOR_STATE_MODE, "state-mode", FIX,
    "延期驱动的文件夹权限不对", "A folder of the agent has the wrong permissions",
    "权限被改动：其他用户可以读取，或自己不能写入。", "They were changed: others can read it, or you can't write to it.",
    "请执行 ukeyctl doctor --fix，或执行 chmod 700 加上列出的文件夹。", "Run ukeyctl doctor --fix, or chmod 700 with the folder.")
DOCTOR_ITEM(DOCTOR_DISK_FULL, "disk-full", NO,
    "磁盘空间不足", "The disk is full",
    "主目录所在的磁盘已满，无法保存操作记录，驱动会拒绝办理。", "The journal can't be written, so the agent refuses to go on.",
    "请删除不需要的文件，腾出至少 16 MiB 空间。", "Delete what you don't need; 16 MiB must be free.")
DOCTOR_ITEM(DOCTOR_JOURNAL, "journal-damaged", NO,
    "操作记录文件无法使用", "The journal can't be used",
    "文件已损坏，或由更新的版本写入。", "The file is damaged, or a later version has written it.",
    "请移走列出的文件后重新启动驱动；CA锁和平台各自都有记录，不会重复签发。", "Move the file away and restart the agent: key and platform know the rest, nothing is issued twice.")
DOCTOR_ITEM(DOCTOR_UNCONFIRMED, "operation-unconfirmed", NO,
    "有操作已写入CA锁，平台尚未确认", "An operation is on the key, and the platform has not confirmed it",
    "写入之后与平台的连接中断。", "The line to the platform broke after the key was written.",
    "CA锁可正常使用。驱动会自动继续确认，请保持联网。", "The key works. The agent goes on by itself; keep the computer online.")
DOCTOR_ITEM(DOCTOR_INTERRUPTED, "operation-interrupted", NO,
    "有操作中途中断，可以继续", "An operation broke off and can be gone on with",
    "CA锁被拔出、断网、关机或驱动退出。", "The key was pulled out, the network or the computer went away, or the agent ended.",
    "请插入同一个CA锁，执行 ukeyctl resume 加上操作号，或在平台页面点击“继续办理”。", "Put the same key in and run ukeyctl resume with its number, or press \"Go on\" on the platform's page.")

/* ---- smart-card service and readers ---- */
DOCTOR_ITEM(DOCTOR_PCSC_NO_SERVICE, "pcsc-no-service", NO,
    "智能卡服务（pcscd）未运行", "The smart-card service (pcscd) is not running",
    "没有安装软件包 pcscd，或服务被停用。", "The package pcscd is not installed, or its service is switched off.",
    "请管理员执行 sudo apt install pcscd，再执行 sudo systemctl enable --now pcscd.socket。", "Ask the administrator to run sudo apt install pcscd, then sudo systemctl enable --now pcscd.socket.")
DOCTOR_ITEM(DOCTOR_PCSC_MISMATCH, "pcsc-mismatch", NO,
    "智能卡服务与程序库的版本不一致", "The smart-card service and its library don't fit together",
    "只升级了 pcscd 和 libpcsclite 中的一个，或服务升级后没有重新启动。", "Only one of pcscd and libpcsclite was upgraded, or the service was not restarted since.",
    "请管理员执行 sudo apt install --reinstall pcscd libpcsclite1，再执行 sudo systemctl restart pcscd。", "Ask the administrator to run sudo apt install --reinstall pcscd libpcsclite1, then sudo systemctl restart pcscd.")
DOCTOR_ITEM(DOCTOR_PCSC_NO_PERMISSION, "pcsc-no-permission", NO,
    "无权使用智能卡服务", "The smart-card service refuses this user",
    "polkit 规则只允许坐在本机前的用户；远程桌面或 ssh 登录会被拒绝。", "The polkit rules allow whoever sits at the computer; remote desktops and ssh are refused.",
    "请在本机登录后使用，或由管理员添加 polkit 规则。", "Log in at the computer itself, or ask the administrator for a polkit rule.")
DOCTOR_ITEM(DOCTOR_PCSC, "pcsc", NO,
    "智能卡服务出错", "The smart-card service failed",
    "pcscd 运行不正常。", "pcscd does not work as it should.",
    "请管理员执行 sudo systemctl restart pcscd，并重新插入CA锁。", "Ask the administrator to run sudo systemctl restart pcscd, and put the key in again.")
DOCTOR_ITEM(DOCTOR_NO_READER, "no-reader", NO,
    "没有检测到CA锁（没有读卡设备）", "No key is seen (there is no reader)",
    "CA锁没有插好，或USB接口不通。", "The key is not plugged in properly, or the port does not work.",
    "请插入CA锁；如已插入，请换一个USB接口，不要经过集线器。", "Insert the key; if it is in, try another USB port without a hub.")
DOCTOR_ITEM(DOCTOR_NO_KEY, "no-key", NO,
    "读卡器中没有CA锁", "No key is in the reader",
    "读卡器是空的，或CA锁没有插到底。", "The reader is empty, or the key is not all the way in.",
    "请把CA锁插到底。", "Push the key all the way in.")
DOCTOR_ITEM(DOCTOR_KEY_HID, "key-hid", NO,
    "插入的CA锁是 HID 型，智能卡服务看不到它", "The key that is plugged in speaks HID, which the smart-card service can't see",
    "这一型号不提供 CCID 接口。", "This model has no CCID interface.",
    "目前不能用本驱动办理。请联系平台客服，换用同厂家的 CCID（PC/SC）型CA锁。", "It can't be used with this agent. Ask the platform's support for a CCID (PC/SC) model of the same maker.")
DOCTOR_ITEM(DOCTOR_KEY_MASS_STORAGE, "key-mass-storage", NO,
    "插入的CA锁是U盘型，智能卡服务看不到它", "The key that is plugged in is a mass-storage model, which the smart-card service can't see",
    "这一型号不提供 CCID 接口。", "This model has no CCID interface.",
    "目前不能用本驱动办理。请联系平台客服，换用同厂家的 CCID（PC/SC）型CA锁。", "It can't be used with this agent. Ask the platform's support for a CCID (PC/SC) model of the same maker.")
DOCTOR_ITEM(DOCTOR_KEY_NO_DRIVER, "key-no-driver", NO,
    "缺少CA锁的读卡驱动（libccid）", "The driver of the key's reader (libccid) is missing",
    "CA锁有 CCID 接口，但没有安装软件包 libccid，或它太旧。", "The key has a CCID interface, but the package libccid is not installed or too old.",
    "请管理员执行 sudo apt install libccid，再执行 sudo systemctl restart pcscd，并重新插入CA锁。", "Ask the administrator to run sudo apt install libccid and sudo systemctl restart pcscd, then put the key in again.")

/* ---- the key ---- */
DOCTOR_ITEM(DOCTOR_KEY_UNSUPPORTED, "key-unsupported", NO,
    "暂不支持这种CA锁", "This kind of key is not supported",
    "驱动没有这一型号的资料。", "The agent has no profile of this model.",
    "请联系平台客服，并提供列出的型号。", "Ask the platform's support, and tell them the model that is named.")
DOCTOR_ITEM(DOCTOR_KEY_NO_SERIAL, "key-no-serial", NO,
    "插入的CA锁没有序列号，无法辨认", "The key that is plugged in has no serial number, so it can't be told from others",
    "空白的 PIV 令牌：发放前没有写入持卡人标识（CHUID）。", "A blank PIV token: no cardholder identifier (CHUID) was written before it was handed out.",
    "请不要自行初始化。请将CA锁交平台客服补写标识或更换。", "Don't initialise it yourself. Take it to the platform's support, who can write the identifier or replace the key.")
DOCTOR_ITEM(DOCTOR_KEY_HELD, "key-held", NO,
    "CA锁正被其他程序独占使用", "Another program keeps the key to itself",
    "该程序以独占方式打开了CA锁，或一直没有结束对它的操作。", "It opened the key exclusively, or does not end what it began with it.",
    "请关闭列出的程序；如没有列出，请关闭其他用户的程序，或拔出CA锁后重新插入。", "Close the programs that are named; if none is, those of other users, or take the key out and put it in again.")
DOCTOR_ITEM(DOCTOR_KEY_HELD_BY_GNUPG, "key-held-by-gnupg", NO,
    "CA锁正被 GnuPG（scdaemon）独占使用", "GnuPG (scdaemon) keeps the key to itself",
    "GnuPG 用过CA锁后不会放开它，除非在设置中允许共享。", "Once GnuPG has used a key it does not let go, unless its settings say that it is shared.",
    "请执行 gpgconf --kill scdaemon；并在 ~/.gnupg/scdaemon.conf 中写入 disable-ccid 和 pcsc-shared 两行，以后可同时使用。", "Run gpgconf --kill scdaemon; two lines in ~/.gnupg/scdaemon.conf, disable-ccid and pcsc-shared, let both use the key from then on.")
DOCTOR_ITEM(DOCTOR_KEY_FAILED, "key-failed", NO,
    "CA锁无法读取", "The key can't be read",
    "接触不良，或已损坏。", "A bad contact, or damage.",
    "请重新插入CA锁；仍不行请联系平台客服。", "Put the key in again; if it stays ask support.")
DOCTOR_ITEM(DOCTOR_PIN_LOCKED, "pin-locked", NO,
    "CA锁密码已锁死", "The PIN is locked",
    "密码输错次数过多。", "A wrong PIN was typed too often.",
    "请在平台上使用“CA锁密码重置”；证书不受影响。", "Use \"CA锁密码重置\" (PIN reset) on the platform; the certificate is not harmed.")
DOCTOR_ITEM(DOCTOR_PIN_LAST_TRY, "pin-last-try", NO,
    "CA锁密码只剩最后一次机会", "One PIN try is left",
    "密码连续输错。", "A wrong PIN was typed several times.",
    "如不能确定密码，请不要再试，在平台上使用“CA锁密码重置”。", "If you are not sure of the PIN don't try; use \"CA锁密码重置\" (PIN reset) on the platform.")
DOCTOR_ITEM(DOCTOR_CERTIFICATE_EXPIRED, "certificate-expired", NO,
    "CA锁中的证书已过期", "The key's certificate has expired",
    "没有在到期前办理延期。", "It was not renewed in time.",
    "请在平台上办理CA延期续费。", "Renew it on the platform.")

/* ---- browsers ---- */
DOCTOR_ITEM(DOCTOR_TRUST_MISSING, "trust-missing", FIX,
    "浏览器不信任本机驱动", "A browser does not trust the agent",
    "还没有为该浏览器设置信任。", "Its trust has not been set up.",
    "请执行 ukeyctl trust install，然后重新打开浏览器。", "Run ukeyctl trust install, then open the browser anew.")
DOCTOR_ITEM(DOCTOR_TRUST_OUTDATED, "trust-outdated", FIX,
    "浏览器信任的是以前的证书", "A browser trusts an earlier certificate of the agent",
    "本机证书更换后没有重新设置信任。", "The agent has a new certificate since.",
    "请执行 ukeyctl trust install，然后重新打开浏览器。", "Run ukeyctl trust install, then open the browser anew.")
DOCTOR_ITEM(DOCTOR_TRUST_RESTART, "trust-restart", NO,
    "Firefox 还没有采用本机证书", "Firefox has not taken the agent's certificate over",
    "设置信任之后浏览器没有重新打开过。", "It has not been started anew since.",
    "请关闭 Firefox 的全部窗口后重新打开。", "Close all windows of Firefox and open it again.")
DOCTOR_ITEM(DOCTOR_TRUST_NO_POLICY, "trust-no-policy", NO,
    "本机没有让 Firefox 采用证书的策略", "No policy of this computer makes Firefox take the certificate",
    "管理员还没有设置本机的浏览器策略。", "The administrator has not set the computer's policies.",
    "请管理员执行 sudo ukeyctl trust install --system。", "Ask the administrator to run sudo ukeyctl trust install --system.")
DOCTOR_ITEM(DOCTOR_TRUST_FAILED, "trust-failed", NO,
    "无法查看浏览器的证书库", "A browser's certificate database can't be looked at",
    "证书库设有密码、正被占用、已损坏，或缺少 certutil。", "It has a password, is held by another program or damaged, or certutil is missing.",
    "请关闭浏览器后重试；如提示缺少程序，请安装软件包 libnss3-tools。", "Close the browser and try again; when a program is missing install the package libnss3-tools.")
DOCTOR_ITEM(DOCTOR_POLICY_MISSING, "policy-missing", NO,
    "缺少允许平台网页访问本机的浏览器策略", "The policy that lets the platforms' pages reach this computer is missing",
    "管理员还没有设置本机的浏览器策略；浏览器会向用户询问。", "The administrator has not set it; the browser will ask the user.",
    "请管理员执行 sudo ukeyctl trust install --system，或在浏览器询问时点击“允许”。", "Ask the administrator to run sudo ukeyctl trust install --system, or click \"Allow\" when the browser asks.")
DOCTOR_ITEM(DOCTOR_POLICY_OUTDATED, "policy-outdated", NO,
    "浏览器策略与现在的平台列表不一致", "A browser's policy is not what the list of platforms asks for",
    "增减平台之后没有重新设置策略。", "A platform was added or removed since.",
    "请管理员执行 sudo ukeyctl trust install --system。", "Ask the administrator to run sudo ukeyctl trust install --system.")
DOCTOR_ITEM(DOCTOR_POLICY_BLOCKED, "policy-blocked", NO,
    "浏览器策略禁止平台网页访问本机", "A browser's policy forbids a platform's page to reach this computer",
    "另一个策略文件禁止了它。", "Another policy file does so.",
    "请管理员从列出的策略文件中去掉平台的网址。", "Ask the administrator to take the platform's address out of the policy file that is named.")
DOCTOR_ITEM(DOCTOR_POLICY_OVERRIDDEN, "policy-overridden", NO,
    "另一个策略文件覆盖了本驱动的浏览器策略", "Another policy file overrides the agent's",
    "Chromium 对同一项策略只采用最后一个文件。", "Chromium takes each policy from the last file that has it.",
    "请管理员把平台的网址加到列出的策略文件中。", "Ask the administrator to add the platforms' addresses to the policy file that is named.")
DOCTOR_ITEM(DOCTOR_POLICY_FAILED, "policy-failed", NO,
    "浏览器策略文件无法读取", "A browser's policy file can't be read",
    "文件内容有误，或权限不对。", "Its content is wrong, or its permissions.",
    "请管理员更正列出的文件。", "Ask the administrator to correct the file that is named.")

/* ---- the PIN dialog ---- */
DOCTOR_ITEM(DOCTOR_PINENTRY_MISSING, "pinentry-missing", NO,
    "没有密码框程序（pinentry）", "There is no program for the PIN dialog (pinentry)",
    "没有安装，或配置文件指向了不存在的程序。", "None is installed, or the configuration names one that is not there.",
    "请管理员执行 sudo apt install pinentry-qt（或 pinentry-gnome3、pinentry-gtk2）。", "Ask the administrator to run sudo apt install pinentry-qt (or pinentry-gnome3, pinentry-gtk2).")
DOCTOR_ITEM(DOCTOR_PINENTRY_TEXT, "pinentry-text", NO,
    "密码框程序只能在终端中使用", "The program for the PIN dialog works in a terminal only",
    "安装的是 pinentry-curses 或 pinentry-tty。", "It is pinentry-curses or pinentry-tty.",
    "请管理员执行 sudo apt install pinentry-qt，再执行 sudo update-alternatives --config pinentry。", "Ask the administrator to run sudo apt install pinentry-qt, then sudo update-alternatives --config pinentry.")
DOCTOR_ITEM(DOCTOR_NO_DISPLAY, "no-display", NO,
    "没有桌面，无法显示密码框", "There is no desktop on which the PIN dialog could be shown",
    "驱动不是从桌面启动的，或是通过 ssh 登录的。", "The agent was not started by a desktop, or this is an ssh session.",
    "请在桌面登录后使用；如已在桌面，请注销后重新登录。", "Use it in a desktop session; if this is one log out and in again.")
DOCTOR_ITEM(DOCTOR_DISPLAY_GONE, "display-gone", FIX,
    "延期驱动所用的桌面已不存在", "The desktop that the agent uses is gone",
    "驱动是在以前的桌面会话中启动的。", "It was started in an earlier session.",
    "请执行 systemctl --user restart ukeyd，或注销后重新登录。", "Run systemctl --user restart ukeyd, or log out and in again.")

/* ---- the clock ---- */
DOCTOR_ITEM(DOCTOR_CLOCK_RESET, "clock-reset", NO,
    "电脑时间停留在出厂日期", "The computer's clock is at its factory date",
    "主板电池没电，时间没有与网络同步。", "The mainboard's battery is empty, and the time was not set from the network.",
    "请打开“自动设置时间”（timedatectl set-ntp true），并更换主板电池。", "Switch on network time (timedatectl set-ntp true) and replace the battery.")
DOCTOR_ITEM(DOCTOR_CLOCK_WRONG, "clock-wrong", NO,
    "电脑时间不正确", "The computer's clock is wrong",
    "时间没有与网络同步，或时区设置有误。", "It is not set from the network, or the time zone is wrong.",
    "请打开“自动设置时间”（timedatectl set-ntp true），核对日期和时区。", "Switch on network time (timedatectl set-ntp true), and check date and time zone.")
DOCTOR_ITEM(DOCTOR_RTC_RESET, "rtc-reset", NO,
    "主板时钟停留在出厂日期", "The hardware clock is at its factory date",
    "主板电池没电；每次开机后到联网校时之前，证书会显示为无效。", "The battery is empty: from each start until the network sets the clock certificates look invalid.",
    "请更换主板电池，并执行 sudo hwclock --systohc。", "Replace the mainboard's battery and run sudo hwclock --systohc.")

/* ---- the way to the platform ---- */
DOCTOR_ITEM(DOCTOR_PLATFORM_NAME, "platform-name", NO,
    "找不到平台的域名", "The platform's name is not known",
    "没有联网、DNS 设置有误，或只能在单位内网解析。", "The computer is offline, DNS is set up wrongly, or the name is known in an internal network only.",
    "请检查网络连接和 DNS；在浏览器中打开平台网址试一试。", "Check the network and DNS; try to open the platform in a browser.")
DOCTOR_ITEM(DOCTOR_PLATFORM_CONNECT, "platform-connect", NO,
    "连接不到平台", "No connection to the platform",
    "防火墙阻止、必须经过代理，或平台停机。", "A firewall, a proxy that must be used, or the platform is down.",
    "请在浏览器中打开平台网址；如浏览器可以打开，请设置代理（见手册）。", "Open the platform in a browser; if that works set the proxy (see the manual).")
DOCTOR_ITEM(DOCTOR_PLATFORM_TIMEOUT, "platform-timeout", NO,
    "平台没有在规定时间内回答", "The platform did not answer in time",
    "网络很慢，防火墙丢弃了数据，或平台繁忙。", "A slow network, a firewall that drops packets, or a busy platform.",
    "请稍后重试；如一直如此，请联系网络管理员。", "Try again later; if it stays ask the network's administrator.")
DOCTOR_ITEM(DOCTOR_PLATFORM_TLS, "platform-tls", NO,
    "无法与平台建立安全连接", "No secure connection to the platform",
    "连接在握手时被切断，或对方的版本过旧。", "It was cut during the handshake, or the other side is too old.",
    "请联系网络管理员，确认没有安全网关拦截该网址。", "Ask the network's administrator whether a gateway stops this address.")
DOCTOR_ITEM(DOCTOR_PLATFORM_INTERCEPTED, "platform-intercepted", NO,
    "平台的安全连接被替换：证书不是由配置的CA签发", "The platform's secure connection is not its own: another CA vouches for it",
    "单位的安全网关或杀毒软件在解密流量，或平台更换了CA。", "A gateway or anti-virus program decrypts the traffic, or the platform has changed its CA.",
    "请不要继续办理。请网络管理员将平台网址设为不解密，或向平台索取新的配置包。", "Don't go on. Ask the network's administrator to exempt the platform, or the platform for a new package.")
DOCTOR_ITEM(DOCTOR_PLATFORM_UNTRUSTED, "platform-untrusted", NO,
    "平台的证书不受信任", "The platform's certificate is not trusted",
    "平台使用自签名证书或私有CA，而配置中没有 tls_ca；也可能是流量被拦截。", "It is self-signed or of a private CA and the configuration has no tls_ca; or the traffic is intercepted.",
    "请不要继续办理。请向平台索取配置包，或联系管理员。", "Don't go on. Ask the platform for its package, or the administrator.")
DOCTOR_ITEM(DOCTOR_PLATFORM_CERTIFICATE_TIME, "platform-certificate-time", NO,
    "平台的证书不在有效期内", "The platform's certificate is not valid now",
    "平台没有及时更换证书，或电脑时间不对。", "The platform has not renewed it, or the computer's clock is wrong.",
    "请核对电脑时间；如时间正确，请联系平台客服。", "Check the computer's clock; if it is right ask the platform's support.")
DOCTOR_ITEM(DOCTOR_PLATFORM_CERTIFICATE_NAME, "platform-certificate-name", NO,
    "平台的证书是发给另一个域名的", "The platform's certificate is for another name",
    "配置的网址有误，或网络把您引到了另一台服务器。", "The configured address is wrong, or the network leads to another server.",
    "请不要继续办理。请管理员核对平台网址。", "Don't go on. Ask the administrator to check the platform's address.")
DOCTOR_ITEM(DOCTOR_PLATFORM_FAILED, "platform-failed", NO,
    "平台出错", "The platform fails",
    "平台正在维护或发生故障。", "It is being maintained, or out of order.",
    "请稍后重试；如一直如此，请联系平台客服。", "Try again later; if it stays ask the platform's support.")
DOCTOR_ITEM(DOCTOR_PLATFORM_PORTAL, "platform-login-page", NO,
    "网络要求先登录（认证页面）", "The network wants a log-in first (captive portal)",
    "宾馆、校园等网络会把请求引到登录页面。", "Networks of hotels and schools lead every request to their page.",
    "请在浏览器中打开任意网页，完成网络登录后重试。", "Open any page in a browser, log in to the network, then try again.")
DOCTOR_ITEM(DOCTOR_PROXY_NAME, "proxy-name", NO,
    "找不到代理服务器", "The proxy's name is not known",
    "代理地址有误，或不在该网络中。", "Its address is wrong, or this is another network.",
    "请核对代理设置；不需要代理时请关闭。", "Check the proxy's settings; switch it off when none is needed.")
DOCTOR_ITEM(DOCTOR_PROXY_CONNECT, "proxy-connect", NO,
    "连接不到代理服务器", "No connection to the proxy",
    "代理没有运行、地址或端口有误，或不在该网络中。", "It is not running, its address or port is wrong, or this is another network.",
    "请核对代理设置；不需要代理时请关闭。", "Check the proxy's settings; switch it off when none is needed.")
DOCTOR_ITEM(DOCTOR_PROXY_LOGIN, "proxy-login", NO,
    "代理服务器要求登录", "The proxy asks for a log-in",
    "没有设置代理的用户名和密码，或密码不对。", "Its user name and password are not set, or wrong.",
    "请把“用户名:密码”写入 ~/.config/ukeyd/proxy-login 并执行 chmod 600，见 ukeyd.conf(5)。", "Put user:password into ~/.config/ukeyd/proxy-login and run chmod 600 on it; see ukeyd.conf(5).")
DOCTOR_ITEM(DOCTOR_PROXY_LOGIN_FILE, "proxy-login-file", NO,
    "代理登录文件无法使用", "The file with the proxy's log-in can't be used",
    "文件可被他人读取、属于他人，或内容不是“用户名:密码”。", "Others can read it, it belongs to somebody else, or it does not hold user:password.",
    "请更正文件内容，并执行 chmod 600。", "Correct its content and run chmod 600 on it.")
DOCTOR_ITEM(DOCTOR_PROXY_REFUSED, "proxy-refused", NO,
    "代理服务器拒绝连接平台", "The proxy refuses to connect to the platform",
    "代理的规则不允许该网址或端口。", "Its rules don't allow the address or the port.",
    "请网络管理员在代理上放行平台网址。", "Ask the network's administrator to let the platform's address through.")
DOCTOR_ITEM(DOCTOR_PROXY_SCRIPT, "proxy-script", NO,
    "不经代理连接不到平台，而桌面的网络代理设为“自动”（PAC 脚本）", "The platform can't be reached without a proxy, and the desktop's proxy is \"automatic\" (a PAC script)",
    "驱动不执行脚本，所以不知道应使用哪个代理。", "The agent runs no scripts, so it does not know which proxy to use.",
    "请先用浏览器打开平台网址；打不开是网络问题。打得开则向网络管理员询问代理的主机和端口，在系统设置的“网络—网络代理”中选择“手动”并填写，再重新检查。", "Open the platform in a browser: when that fails too it is the network. Else ask the network's administrator for the proxy's host and port, choose \"manual\" in the desktop's settings under Network, Proxy, enter them, and check again.")

/* ---- the doctor ---- */
DOCTOR_ITEM(DOCTOR_CHECK_LATE, "check-late", NO,
    "一项检查没有按时完成", "A check did not end in time",
    "被检查的部分没有响应。", "What it looks at does not answer.",
    "请重新插入CA锁后重试；仍不行请把报告发给技术支持。", "Put the key in again and retry; if it stays send the report to support.")
/* clang-format on */
