package registry

import "github.com/railgate/railgate/issuance/problem"

// Problems are the problems of the registry, in addition to those of package rules.
var Problems problem.Table

// The problems of the registry.
var (
	EntryNotFound = Problems.Add(404, "registry_entry_not_found",
		"There is no such account holder or passenger.", "未找到该注册用户或乘车人。",
		"Load the list again.", "请重新打开列表。")
	EntryChanged = Problems.Add(409, "registry_entry_changed",
		"The entry has changed since you opened it.", "信息已有更新。",
		"Open it again and repeat the step.", "请重新查看后再办理。")
	NotRegistered = Problems.Add(404, "identity_not_registered",
		"No account has this identity.", "该身份信息未被注册。",
		"The person can register it.", "可直接注册。")
	QuestionInvalid = Problems.Add(422, "ticket_question_invalid",
		"The ticket question is not valid.", "查询内容有误。",
		"Correct it and send it again.", "请更正后重新提交。")
	EventInvalid = Problems.Add(422, "ticket_event_invalid",
		"The report about a ticket is not valid.", "车票信息有误。",
		"Correct it and send it again.", "请更正后重新提交。")
	TicketUnknown = Problems.Add(404, "ticket_unknown",
		"The ticket is unknown.", "未找到该车票。",
		"Report its purchase first, or check the reference.", "请先上报购票信息，或核对票号。")
	TicketConflict = Problems.Add(409, "ticket_conflict",
		"A different report exists for this ticket.", "该车票已有不同的记录。",
		"Check the reference and the earlier reports.", "请核对票号及此前上报的信息。")
	TicketsUnfinished = Problems.Add(409, "tickets_unfinished",
		"There are tickets for journeys that are not over.", "尚有未完成的行程。",
		"Refund them, or try again after the time shown.", "请先退票，或在所示时间后再试。")
)

var (
	errEntryNotFound = problem.New(EntryNotFound, "no such account, or no such passenger on its list")
	errEntryChanged  = problem.New(EntryChanged, "version is not the current version of the entry; nothing was changed: read the entry and try again")
)
