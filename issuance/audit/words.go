package audit

import "github.com/railgate/railgate/issuance/refusal"

// Text is what a refusal says and what to do next, in English and Chinese.
type Text struct{ EN, ZH, NextEN, NextZH string }

// Words has the text of every code.
var Words = map[refusal.Code]Text{
	QueryInvalid: {
		"The search in the audit trail is not valid.", "审计记录查询条件有误。",
		"Correct the search and send it again.", "请更正查询条件后重新提交。",
	},
}
