package registry

import "github.com/railgate/railgate/issuance/problem"

// What the registry refuses for, besides what package rules does.
const (
	EntryNotFound     problem.Code = "registry_entry_not_found"
	EntryChanged      problem.Code = "registry_entry_changed"
	NotRegistered     problem.Code = "identity_not_registered"
	QuestionInvalid   problem.Code = "ticket_question_invalid"
	EventInvalid      problem.Code = "ticket_event_invalid"
	TicketUnknown     problem.Code = "ticket_unknown"
	TicketConflict    problem.Code = "ticket_conflict"
	TicketsUnfinished problem.Code = "tickets_unfinished"
)

// Codes lists the closed list.
func Codes() []problem.Code {
	return []problem.Code{
		EntryNotFound, EntryChanged, NotRegistered, QuestionInvalid, EventInvalid, TicketUnknown, TicketConflict, TicketsUnfinished,
	}
}

// Words has the text of each code.
var Words = map[problem.Code]problem.Text{
	EntryNotFound: problem.Say(
		"There is no such account holder or passenger.", "未找到该注册用户或乘车人。",
		"Load the list again.", "请重新打开列表。"),
	EntryChanged: problem.Say(
		"The entry was changed meanwhile.", "信息已被修改。",
		"ViewEntry at it again and repeat the step.", "请重新查看后再办理。"),
	NotRegistered: problem.Say(
		"No account has this identity.", "该身份信息未被注册。",
		"The person can register it.", "可直接注册。"),
	QuestionInvalid: problem.Say(
		"The question is not valid.", "查询内容有误。",
		"Correct it and send it again.", "请更正后重新提交。"),
	EventInvalid: problem.Say(
		"The report about a ticket is not valid.", "车票信息有误。",
		"Correct it and send it again.", "请更正后重新提交。"),
	TicketUnknown: problem.Say(
		"This ticket is not known.", "未找到该车票。",
		"Report its purchase first, or check the reference.", "请先上报购票信息，或核对票号。"),
	TicketConflict: problem.Say(
		"Something else was reported for this ticket.", "该车票已有不同的记录。",
		"Check the reference and what was reported before.", "请核对票号及此前上报的信息。"),
	TicketsUnfinished: problem.Say(
		"There are tickets whose journeys are not over.", "尚有未完成的行程。",
		"Refund them, or try again after the time shown.", "请先退票，或在所示时间后再试。"),
}

var (
	errEntryNotFound = problem.New(EntryNotFound, "no such account, or no such passenger on its list")
	errEntryChanged  = problem.New(EntryChanged, "version is not that of the entry; nothing was changed")
)
