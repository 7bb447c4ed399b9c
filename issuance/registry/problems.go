package registry

import "github.com/railgate/railgate/issuance/problem"

// Problems are those of the registry, besides those of package rules.
var Problems problem.Table

// What the registry refuses for.
var (
	EntryNotFound = Problems.Add(404, "registry_entry_not_found",
		"There is no such account holder or passenger.", "未找到该注册用户或乘车人。",
		"Load the list again.", "请重新打开列表。")
	EntryChanged = Problems.Add(409, "registry_entry_changed",
		"The entry was changed meanwhile.", "信息已被修改。",
		"Look at it again and repeat the step.", "请重新查看后再办理。")
	NotRegistered = Problems.Add(404, "identity_not_registered",
		"No account has this identity.", "该身份信息未被注册。",
		"The person can register it.", "可直接注册。")
	QuestionInvalid = Problems.Add(422, "ticket_question_invalid",
		"The question is not valid.", "查询内容有误。",
		"Correct it and send it again.", "请更正后重新提交。")
	EventInvalid = Problems.Add(422, "ticket_event_invalid",
		"The report about a ticket is not valid.", "车票信息有误。",
		"Correct it and send it again.", "请更正后重新提交。")
	TicketUnknown = Problems.Add(404, "ticket_unknown",
		"This ticket is not known.", "未找到该车票。",
		"Report its purchase first, or check the reference.", "请先上报购票信息，或核对票号。")
	TicketConflict = Problems.Add(409, "ticket_conflict",
		"Something else was reported for this ticket.", "该车票已有不同的记录。",
		"Check the reference and what was reported before.", "请核对票号及此前上报的信息。")
	TicketsUnfinished = Problems.Add(409, "tickets_unfinished",
		"There are tickets whose journeys are not over.", "尚有未完成的行程。",
		"Refund them, or try again after the time shown.", "请先退票，或在所示时间后再试。")
)

var (
	errEntryNotFound = problem.New(EntryNotFound, "no such account, or no such passenger on its list")
	errEntryChanged  = problem.New(EntryChanged, "version is not that of the entry; nothing was changed")
)
