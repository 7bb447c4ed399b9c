package book

import "github.com/railgate/railgate/issuance/refusal"

// What the book refuses for, besides what the rules of package registry do.
const (
	EntryNotFound     refusal.Code = "registry_entry_not_found"
	EntryChanged      refusal.Code = "registry_entry_changed"
	NotRegistered     refusal.Code = "identity_not_registered"
	QuestionInvalid   refusal.Code = "ticket_question_invalid"
	EventInvalid      refusal.Code = "ticket_event_invalid"
	TicketUnknown     refusal.Code = "ticket_unknown"
	TicketConflict    refusal.Code = "ticket_conflict"
	TicketsUnfinished refusal.Code = "tickets_unfinished"
)

// Codes lists the closed list.
func Codes() []refusal.Code {
	return []refusal.Code{
		EntryNotFound, EntryChanged, NotRegistered, QuestionInvalid, EventInvalid, TicketUnknown, TicketConflict, TicketsUnfinished,
	}
}

// Words has the text of each code.
var Words = map[refusal.Code]refusal.Text{
	EntryNotFound: refusal.Say(
		"There is no such account holder or passenger.", "未找到该注册用户或乘车人。",
		"Load the list again.", "请重新打开列表。"),
	EntryChanged: refusal.Say(
		"The entry was changed meanwhile.", "信息已被修改。",
		"Look at it again and repeat the step.", "请重新查看后再办理。"),
	NotRegistered: refusal.Say(
		"No account has this identity.", "该身份信息未被注册。",
		"The person can register it.", "可直接注册。"),
	QuestionInvalid: refusal.Say(
		"The question is not valid.", "查询内容有误。",
		"Correct it and send it again.", "请更正后重新提交。"),
	EventInvalid: refusal.Say(
		"The report about a ticket is not valid.", "车票信息有误。",
		"Correct it and send it again.", "请更正后重新提交。"),
	TicketUnknown: refusal.Say(
		"This ticket is not known.", "未找到该车票。",
		"Report its purchase first, or check the reference.", "请先上报购票信息，或核对票号。"),
	TicketConflict: refusal.Say(
		"Something else was reported for this ticket.", "该车票已有不同的记录。",
		"Check the reference and what was reported before.", "请核对票号及此前上报的信息。"),
	TicketsUnfinished: refusal.Say(
		"There are tickets whose journeys are not over.", "尚有未完成的行程。",
		"Refund them, or try again after the time shown.", "请先退票，或在所示时间后再试。"),
}

var (
	errEntryNotFound = refusal.New(EntryNotFound, "no such account, or no such passenger on its list")
	errEntryChanged  = refusal.New(EntryChanged, "version is not that of the entry; nothing was changed")
)
