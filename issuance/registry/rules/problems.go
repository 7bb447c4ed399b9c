package rules

import "github.com/railgate/railgate/issuance/problem"

// Problems are the problems of the registry's rules. Their texts contain no number of [Limits],
// since limits can change.
var Problems problem.Table

// The problems of the registry's rules.
var (
	// Problems of the entered data.
	DocumentUnknown = Problems.Add(422, "document_type_unknown",
		"This kind of document is not supported.", "不支持该证件类型。",
		"Choose a resident ID card, a passport, or a travel permit for Hong Kong, Macau or Taiwan residents.", "请选择居民身份证、护照、港澳居民来往内地通行证或台湾居民来往大陆通行证。")
	FirstGenerationCard = Problems.Add(422, "first_generation_card",
		"First-generation resident ID cards are no longer supported.", "不再支持一代居民身份证。",
		"Change the entry to the 18-character number of the second-generation card.", "请更改为二代居民身份证的18位号码后再办理。")
	PersonInvalid = Problems.Add(422, "person_invalid",
		"The identity is not valid.", "身份信息填写有误。",
		"Correct it to match the document and send it again.", "请按证件更正后重新提交。")
	ConsentMissing = Problems.Add(409, "consent_missing",
		"Consent to the privacy policy is required.", "请先同意隐私政策。",
		"Read the privacy policy and agree to it.", "请阅读并同意隐私政策后继续。")

	// Problems of statuses and of their changes.
	TransitionRefused = Problems.Add(409, "status_change_refused",
		"This status cannot be changed in this way.", "当前身份信息状态不支持此项操作。",
		"See the status in the account and follow its instructions.", "请查看身份信息状态，并按提示办理。")
	IdentityFixed = Problems.Add(409, "identity_fixed",
		"This identity has been checked and can no longer be edited.", "身份信息已核验，不能修改。",
		"If it is wrong, have it corrected at a station window, in person and with the original document.", "如信息有误，请本人持证件原件到车站窗口更正。")
	StationWindowOnly = Problems.Add(409, "station_window_only",
		"This is handled at station windows only.", "仅限车站窗口办理。",
		"Please go to a station window with the original document.", "请持证件原件到车站窗口办理。")
	ProofWrong = Problems.Add(403, "contact_proof_wrong",
		"The proof that the entry is yours is wrong.", "提供的核对信息不符。",
		"Give the last 4 digits of the phone number or the first 3 characters of the e-mail address; for a passenger on a list, the account holder's document number.", "请提供注册手机号后4位或注册邮箱前3位；为常用联系人办理的，请提供注册用户的身份证件号码。")
	OriginalMissing = Problems.Add(409, "original_missing",
		"The original document is needed.", "请出示证件原件。",
		"Bring the original. A person who acts for someone else brings both originals.", "请携带证件原件；代办的，须同时携带双方证件原件。")
	DocumentExpired = Problems.Add(409, "document_expired",
		"The document is not valid today.", "证件不在有效期内。",
		"Have it renewed by the issuing authority, then come again with the new original.", "请到发证机关换领新证后，持新证件原件再来办理。")
	DocumentUnreadable = Problems.Add(409, "document_unreadable",
		"The document cannot be read.", "证件无法识读。",
		"Have it replaced by the issuing authority, then come again with the new original.", "请到发证机关换证后，持新证件原件再来办理。")
	IdentityRegistered = Problems.Add(409, "identity_registered",
		"This identity is already registered.", "身份信息重复。",
		"Please go to a station window in person with the original document: the identity is moved to your account, or freed so that you can register it.", "请本人持证件原件到车站窗口办理：可将该身份信息恢复至本人账户，或解除占用后由本人注册。")
	InPersonOnly = Problems.Add(409, "in_person_only",
		"Only the person can do this, in person.", "须由本人办理。",
		"Please go to a station window in person with the original document.", "请本人持证件原件到车站窗口办理。")
	OtherPerson = Problems.Add(409, "other_person",
		"This is another person, not a correction.", "姓名和证件均与原信息不符，不是同一人，不能按更正办理。",
		"Add the other person as a passenger, or open another account for them.", "请将其另行添加为常用联系人，或由其本人另行注册。")
	HolderOriginalMissing = Problems.Add(409, "holder_original_missing",
		"The account's list is full: the account holder's original document is also required.", "该注册用户的常用联系人已达上限，须同时出示注册用户的证件原件。",
		"Bring both originals, the account holder's and the passenger's resident ID cards.", "请同时携带注册用户和常用联系人的居民身份证原件。")

	// Problems of the passenger list.
	AccountStatus = Problems.Add(409, "account_status_insufficient",
		"The account holder's identity has not passed the required check.", "注册用户的身份信息状态不符合要求。",
		"Have it checked first: resident ID cards at a station window or a ticket agency, other documents at a station window.", "请先办理身份核验：居民身份证可到车站窗口或代售点，其他证件请到车站窗口。")
	// AccountUnverified quotes the Chinese text of the rules.
	AccountUnverified = Problems.Add(409, "account_not_verified",
		"Your account's identity is not verified, so no ticket can be bought; see the Notice on Identity Verification for Online Ticket Purchases.", "您的账号尚未通过身份信息核验,不可购票,详见《铁路互联网购票身份核验须知》",
		"See the status of your account and follow its instructions.", "请查看账号的身份信息核验状态，并按提示办理。")
	OtherDocumentsOnly = Problems.Add(409, "other_documents_only",
		"An account with a passport or travel permit is for passengers with such documents only.", "护照、港澳居民来往内地通行证、台湾居民来往大陆通行证注册用户，仅可添加持上述证件的联系人并为其购票。",
		"Use an account that is registered with a resident ID card; this passenger can be deleted from the list.", "请使用以居民身份证注册的账户办理；该联系人可以删除。")
	PassengerStatus = Problems.Add(409, "passenger_status_insufficient",
		"The passenger's identity has not passed the required check.", "乘车人的身份信息状态不符合要求。",
		"Have it checked first: resident ID cards at a station window or a ticket agency, other documents at a station window.", "请先办理身份核验：居民身份证可到车站窗口或代售点，其他证件请到车站窗口。")
	AlreadyListed = Problems.Add(409, "passenger_already_listed",
		"This passenger is already on the list.", "该乘车人已在常用联系人中。",
		"Choose the passenger from the list.", "请从常用联系人中选择。")
	ListFull = Problems.Add(409, "passenger_list_full",
		"The list of passengers is full.", "常用联系人已达上限。",
		"Delete a passenger who can be deleted, then add again. An account with a resident ID card can still add resident ID passengers: enter them, then bring both originals, the account holder's and the passenger's, to a station window or a ticket agency; for over-long, rare and traditional names, to a station window.", "请删除可以删除的联系人后再添加。居民身份证注册用户仍可添加持居民身份证的联系人：请先填写其身份信息，再持注册用户和联系人双方的居民身份证原件到车站窗口或代售点办理核验；姓名超长或含有生僻字、繁体字的，仅限车站窗口办理。")
	UncountedFull = Problems.Add(409, "uncounted_passengers_full",
		"The list has the maximum number of pending and failed passengers.", "待核验和未通过的联系人已达上限。",
		"Have some of them verified at a station window or a ticket agency, or delete some; they can be deleted at any time.", "请先到车站窗口或代售点为其办理核验，或删除其中的联系人（可随时删除）。")
	ListMaximum = Problems.Add(409, "passenger_list_maximum",
		"The list has reached its maximum length.", "常用联系人总数已达上限，不能再添加。",
		"Delete a passenger who can be deleted, then add again.", "请删除可以删除的联系人后再添加。")
	ToBeSubmittedFull = Problems.Add(409, "to_be_submitted_full",
		"The list has the maximum number of passengers to be submitted for verification.", "状态为“请报验”的常用联系人已达上限。",
		"Have one of them checked at a station window, then add again.", "请先到车站窗口为其中的联系人办理核验，再行添加。")
	PassengerKept = Problems.Add(409, "passenger_kept",
		"This passenger was added too recently to be deleted.", "该联系人添加后未满规定天数，不能删除。",
		"Please try again after the time shown.", "请在所示时间后再试。")
	TicketBought = Problems.Add(409, "passenger_ticket_bought",
		"A ticket was bought for this unchecked passenger, who can be neither edited nor deleted.", "该乘车人状态为“请报验”且已购票，不能修改或删除。",
		"Please have the document checked at a station window.", "请持证件原件到车站窗口办理核验。")

	// Problems of tickets and services.
	TicketsInvalid = Problems.Add(422, "tickets_invalid",
		"The number of tickets is not valid.", "购票张数有误。",
		"Choose one ticket or more.", "请至少选择一张车票。")
	AccountTicketLimit = Problems.Add(409, "account_ticket_limit",
		"This account has the maximum number of tickets before its identity is checked; changed and refunded tickets count.", "状态为“请报验”的注册用户购票已达上限（含已改、已退车票）。",
		"Please have the account holder's document checked at a station window. Refunds are possible.", "请注册用户持证件原件到车站窗口办理核验。退票不受影响。")
	PassengerTicketLimit = Problems.Add(409, "passenger_ticket_limit",
		"This passenger has the maximum number of tickets before the identity is checked; changed and refunded tickets count.", "状态为“请报验”的乘车人购票已达上限（含已改、已退车票）。",
		"Please have the passenger's document checked at a station window. Refunds are possible.", "请乘车人持证件原件到车站窗口办理核验。退票不受影响。")
	NotItsTicket = Problems.Add(409, "ticket_not_bought_here",
		"This account did not buy the ticket.", "该车票不是由本账户购买。",
		"Use the account that bought it, or go to a station window.", "请使用购票账户办理，或到车站窗口办理。")
	ServiceNotHere = Problems.Add(409, "service_not_here",
		"This service is not available here; ticket agencies and machines only exchange tickets.", "此处不办理该业务；代售点和自动售（取）票机仅办理换票。",
		"Please go to a station window.", "请到车站窗口办理。")
	RefundOnly = Problems.Add(409, "refund_only",
		"The identity failed the check; the ticket can only be refunded.", "身份信息未通过核验，只能退票。",
		"If the entry is correct, have it checked again with the original at a station window; otherwise refund the ticket there or online.", "如填写无误，请持证件原件到车站窗口重新核验；否则请到车站窗口或在网上办理退票。")
	CounterOnly = Problems.Add(409, "counter_only",
		"This ticket cannot be exchanged at a machine.", "该车票不能在自动售（取）票机换票。",
		"Please go to a station window or a ticket agency with the original document and the order number.", "请持证件原件和订单号码到车站窗口或代售点办理。")
	CardMismatch = Problems.Add(409, "card_mismatch",
		"The name or number on the card does not match the ticket.", "身份证的姓名或号码与车票信息不一致。",
		"Use the passenger's own card, or go to a station window with it.", "请使用乘车人本人的居民身份证，或持证到车站窗口办理。")
	OrderWrong = Problems.Add(409, "order_number_wrong",
		"The order number is missing or does not match this ticket.", "未提供订单号码，或与该车票不符。",
		"Give the order number from the account that bought the ticket, and show the original document.", "请提供购票账户中的订单号码，并出示证件原件。")
	ChildAlone = Problems.Add(409, "child_without_adult",
		"A child without a document needs an accompanying adult.", "无证件的儿童须使用同行成年人的身份信息。",
		"Choose the adult who travels along.", "请选择同行成年人。")
)
