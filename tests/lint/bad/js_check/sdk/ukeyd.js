export const large =
    "word0 word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11 word12" +
    " word13 word14 word15 word16 word17 word18 word19 word20 word21 word22 word23 wo" +
    "rd24 word25 word26 word27 word28 word29 word30 word31 word32 word33 word34 word3" +
    "5 word36 word37 word38 word39 word40 word41 word42 word43 word44 word45 word46 w" +
    "ord47 word48 word49 word50 word51 word52 word53 word54 word55 word56 word57 word" +
    "58 word59 word60 word61 word62 word63 word64 word65 word66 word67 word68 word69 " +
    "word70 word71 word72 word73 word74 word75 word76 word77 word78 word79 word80 wor" +
    "d81 word82 word83 word84 word85 word86 word87 word88 word89 word90 word91 word92" +
    " word93 word94 word95 word96 word97 word98 word99 word100 word101 word102 word10" +
    "3 word104 word105 word106 word107 word108 word109 word110 word111 word112 word11" +
    "3 word114 word115 word116 word117 word118 word119 word120 word121 word122 word12" +
    "3 word124 word125 word126 word127 word128 word129 word130 word131 word132 word13" +
    "3 word134 word135 word136 word137 word138 word139 word140 word141 word142 word14" +
    "3 word144 word145 word146 word147 word148 word149 word150 word151 word152 word15" +
    "3 word154 word155 word156 word157 word158 word159 word160 word161 word162 word16" +
    "3 word164 word165 word166 word167 word168 word169 word170 word171 word172 word17" +
    "3 word174 word175 word176 word177 word178 word179 word180 word181 word182 word18" +
    "3 word184 word185 word186 word187 word188 word189 word190 word191 word192 word19" +
    "3 word194 word195 word196 word197 word198 word199 word200 word201 word202 word20" +
    "3 word204 word205 word206 word207 word208 word209 word210 word211 word212 word21" +
    "3 word214 word215 word216 word217 word218 word219 word220 word221 word222 word22" +
    "3 word224 word225 word226 word227 word228 word229 word230 word231 word232 word23" +
    "3 word234 word235 word236 word237 word238 word239 word240 word241 word242 word24" +
    "3 word244 word245 word246 word247 word248 word249 word250 word251 word252 word25" +
    "3 word254 word255 word256 word257 word258 word259 word260 word261 word262 word26" +
    "3 word264 word265 word266 word267 word268 word269 word270 word271 word272 word27" +
    "3 word274 word275 word276 word277 word278 word279 word280 word281 word282 word28" +
    "3 word284 word285 word286 word287 word288 word289 word290 word291 word292 word29" +
    "3 word294 word295 word296 word297 word298 word299 word300 word301 word302 word30" +
    "3 word304 word305 word306 word307 word308 word309 word310 word311 word312 word31" +
    "3 word314 word315 word316 word317 word318 word319 word320 word321 word322 word32" +
    "3 word324 word325 word326 word327 word328 word329 word330 word331 word332 word33" +
    "3 word334 word335 word336 word337 word338 word339 word340 word341 word342 word34" +
    "3 word344 word345 word346 word347 word348 word349 word350 word351 word352 word35" +
    "3 word354 word355 word356 word357 word358 word359 word360 word361 word362 word36" +
    "3 word364 word365 word366 word367 word368 word369 word370 word371 word372 word37" +
    "3 word374 word375 word376 word377 word378 word379 word380 word381 word382 word38" +
    "3 word384 word385 word386 word387 word388 word389 word390 word391 word392 word39" +
    "3 word394 word395 word396 word397 word398 word399 word400 word401 word402 word40" +
    "3 word404 word405 word406 word407 word408 word409 word410 word411 word412 word41" +
    "3 word414 word415 word416 word417 word418 word419 word420 word421 word422 word42" +
    "3 word424 word425 word426 word427 word428 word429 word430 word431 word432 word43" +
    "3 word434 word435 word436 word437 word438 word439 word440 word441 word442 word44" +
    "3 word444 word445 word446 word447 word448 word449 word450 word451 word452 word45" +
    "3 word454 word455 word456 word457 word458 word459 word460 word461 word462 word46" +
    "3 word464 word465 word466 word467 word468 word469 word470 word471 word472 word47" +
    "3 word474 word475 word476 word477 word478 word479 word480 word481 word482 word48" +
    "3 word484 word485 word486 word487 word488 word489 word490 word491 word492 word49" +
    "3 word494 word495 word496 word497 word498 word499 word500 word501 word502 word50" +
    "3 word504 word505 word506 word507 word508 word509 word510 word511 word512 word51" +
    "3 word514 word515 word516 word517 word518 word519 word520 word521 word522 word52" +
    "3 word524 word525 word526 word527 word528 word529 word530 word531 word532 word53" +
    "3 word534 word535 word536 word537 word538 word539 word540 word541 word542 word54" +
    "3 word544 word545 word546 word547 word548 word549 word550 word551 word552 word55" +
    "3 word554 word555 word556 word557 word558 word559 word560 word561 word562 word56" +
    "3 word564 word565 word566 word567 word568 word569 word570 word571 word572 word57" +
    "3 word574 word575 word576 word577 word578 word579 word580 word581 word582 word58" +
    "3 word584 word585 word586 word587 word588 word589 word590 word591 word592 word59" +
    "3 word594 word595 word596 word597 word598 word599 word600 word601 word602 word60" +
    "3 word604 word605 word606 word607 word608 word609 word610 word611 word612 word61" +
    "3 word614 word615 word616 word617 word618 word619 word620 word621 word622 word62" +
    "3 word624 word625 word626 word627 word628 word629 word630 word631 word632 word63" +
    "3 word634 word635 word636 word637 word638 word639 word640 word641 word642 word64" +
    "3 word644 word645 word646 word647 word648 word649 word650 word651 word652 word65" +
    "3 word654 word655 word656 word657 word658 word659 word660 word661 word662 word66" +
    "3 word664 word665 word666 word667 word668 word669 word670 word671 word672 word67" +
    "3 word674 word675 word676 word677 word678 word679 word680 word681 word682 word68" +
    "3 word684 word685 word686 word687 word688 word689 word690 word691 word692 word69" +
    "3 word694 word695 word696 word697 word698 word699 word700 word701 word702 word70" +
    "3 word704 word705 word706 word707 word708 word709 word710 word711 word712 word71" +
    "3 word714 word715 word716 word717 word718 word719 word720 word721 word722 word72" +
    "3 word724 word725 word726 word727 word728 word729 word730 word731 word732 word73" +
    "3 word734 word735 word736 word737 word738 word739 word740 word741 word742 word74" +
    "3 word744 word745 word746 word747 word748 word749 word750 word751 word752 word75" +
    "3 word754 word755 word756 word757 word758 word759 word760 word761 word762 word76" +
    "3 word764 word765 word766 word767 word768 word769 word770 word771 word772 word77" +
    "3 word774 word775 word776 word777 word778 word779 word780 word781 word782 word78" +
    "3 word784 word785 word786 word787 word788 word789 word790 word791 word792 word79" +
    "3 word794 word795 word796 word797 word798 word799" +
    "";
