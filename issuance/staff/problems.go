package staff

import "github.com/railgate/railgate/issuance/problem"

// Problems are those of who is not let in.
var Problems problem.Table

// Why somebody is turned away.
var (
	// Unknown: no credential was shown, or none that is configured. Which of both
	// is not told.
	Unknown = Problems.Add(401, "staff_unauthorized",
		"A staff credential is required.", "需要工作人员凭证。",
		"Check the credential of this workplace, or ask its operator.", "请检查本岗位的凭证，或联系系统管理员。")
	// Expired: the credential was good once. Only who holds its secret hears this.
	Expired = Problems.Add(401, "staff_credential_expired",
		"This staff credential has expired.", "该工作人员凭证已过期。",
		"Ask the operator for a new credential.", "请联系系统管理员更换凭证。")
	// ForbiddenRole: the credential is good, and none of its roles may do this.
	ForbiddenRole = Problems.Add(403, "forbidden_role",
		"This credential's role may not do this.", "该凭证的岗位无权办理此业务。",
		"Send the passenger to the place that may: the station window or the station police window.", "请引导旅客到有权办理的车站窗口或车站公安制证窗口。")
	// BudgetSpent: the credential has revoked and lifted as much as it may for now.
	BudgetSpent = Problems.Add(429, "revocation_budget_spent",
		"This credential has revoked or lifted too many temporary IDs in a short time.", "该凭证短时间内撤销或恢复的证明过多。",
		"Wait until the time shown, or ask the operator.", "请在提示的时间后重试，或联系系统管理员。")
	// PurposeForbidden: the credential may identify passengers, and not for this.
	PurposeForbidden = Problems.Add(403, "purpose_forbidden",
		"This credential may not identify passengers for this purpose.", "该凭证无权为此业务核验旅客身份。",
		"Send the passenger to a station window.", "请引导旅客到车站窗口办理。")
	// IdentificationsSpent and SubjectsSpent: the credential has identified as many
	// passengers, or asked for as many pseudonyms, as it may for now.
	IdentificationsSpent = Problems.Add(429, "identification_budget_spent",
		"This credential has identified too many passengers.", "该凭证核验旅客身份次数过多。",
		"Wait until the time shown, or ask the operator.", "请在提示的时间后重试，或联系系统管理员。")
	SubjectsSpent = Problems.Add(429, "subject_budget_spent",
		"This credential has asked for too many pseudonyms.", "该凭证查询代号次数过多。",
		"Wait until the time shown, or ask the operator.", "请在提示的时间后重试，或联系系统管理员。")
)
