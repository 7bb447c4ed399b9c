package audit

import "github.com/railgate/railgate/issuance/problem"

// Problems are those of reading the trail.
var Problems problem.Table

// QueryInvalid refuses a question that cannot be asked.
var QueryInvalid = Problems.Add(422, "trail_query_invalid",
	"The search in the audit trail is not valid.", "审计记录查询条件有误。",
	"Correct the search and send it again.", "请更正查询条件后重新提交。")
