package audit

import "github.com/railgate/railgate/issuance/problem"

// Words has the text of every code.
var Words = map[problem.Code]problem.Text{
	QueryInvalid: problem.Say(
		"The search in the audit trail is not valid.", "审计记录查询条件有误。",
		"Correct the search and send it again.", "请更正查询条件后重新提交。",
	),
}
