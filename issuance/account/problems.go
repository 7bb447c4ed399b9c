package account

import "github.com/railgate/railgate/issuance/problem"

const (
	correctEN = "Correct the field and send it again."
	correctZH = "请更正后重新提交。"
)

// Problems are the problems of accounts. A lockout is [throttle.TooManyFailures].
var Problems problem.Table

// The problems of requests about accounts.
var (
	LoginRequired      = Problems.Add(401, "login_required", "Please log in.", "请先登录。", "Log in and try again.", "请登录后重试。")                                 // no login token, or one that is no longer valid
	LoginFailed        = Problems.Add(401, "login_failed", "The login name or the password is wrong.", "用户名或密码错误。", "Check both and try again.", "请核对后重试。") // unknown login name or wrong password
	LoginInvalid       = Problems.Add(422, "login_name_invalid", "The login name is not valid: 6 to 30 letters, digits and underscores, beginning with a letter.", "用户名应为6至30位字母、数字或下划线，且以字母开头。", correctEN, correctZH)
	LoginTaken         = Problems.Add(409, "login_name_taken", "This login name is taken.", "该用户名已被使用。", "Choose another login name.", "请更换用户名。")
	PasswordInvalid    = Problems.Add(422, "password_invalid", "The password is not valid: it needs 8 to 128 characters.", "密码格式有误，长度应为8至128个字符。", correctEN, correctZH)
	PasswordCommon     = Problems.Add(422, "password_too_common", "This password is too easy to guess.", "密码过于简单。", "Choose another password.", "请更换密码。")
	PasswordWrong      = Problems.Add(403, "password_wrong", "The password is wrong.", "密码错误。", "Enter your current password again.", "请重新输入当前密码。") // of a logged-in holder
	Busy               = Problems.Add(503, "passwords_busy", "The service is busy.", "系统繁忙。", "Please try again in a moment.", "请稍后重试。")
	DocumentInvalid    = Problems.Add(422, "identity_document_invalid", "This type of document is not supported.", "不支持该证件类型。", "Choose a resident ID card, a passport, or a permit for Hong Kong, Macau or Taiwan residents.", "请选择居民身份证、护照、港澳居民来往内地通行证或台湾居民来往大陆通行证。")
	NameInvalid        = Problems.Add(422, "identity_name_invalid", "The name is not valid.", "姓名填写有误。", "Enter the name as on the document.", "请按证件填写姓名。")
	NumberInvalid      = Problems.Add(422, "identity_number_invalid", "The document number is not valid.", "证件号码填写有误。", "Enter the number as on the document.", "请按证件填写号码。")
	NationalityInvalid = Problems.Add(422, "identity_nationality_invalid", "The nationality is not valid.", "国籍填写有误。", "Choose the nationality on the document.", "请按证件选择国籍。")
	ContactMissing     = Problems.Add(422, "contact_missing", "A phone number or an e-mail address is required.", "请填写手机号码或电子邮箱。", "Enter at least one of the two.", "请至少填写一项。")
	PhoneInvalid       = Problems.Add(422, "phone_invalid", "The phone number is not valid.", "手机号码填写有误。", correctEN, correctZH)
	EmailInvalid       = Problems.Add(422, "email_invalid", "The e-mail address is not valid.", "电子邮箱填写有误。", correctEN, correctZH)
	ConsentRequired    = Problems.Add(409, "consent_required", "Your consent to the current privacy policy is required.", "请先同意现行隐私政策。", "Read the policy and agree to it.", "请阅读并同意隐私政策后继续。")
	ProfileConflict    = Problems.Add(409, "profile_conflict", "The profile has changed since you opened it.", "资料已有更新。", "Load the profile again and repeat the change.", "请重新打开资料页面后再修改。")
	CodeWrong          = Problems.Add(403, "code_wrong", "The code is wrong or no longer valid.", "验证码错误或已失效。", "Check the code, or have a new one sent.", "请核对验证码，或重新获取。")
	CodeUnavailable    = Problems.Add(503, "code_unavailable", "The code cannot be sent right now.", "验证码暂时无法发送。", "Please try again in a moment, or go to a station window.", "请稍后重试，或到车站窗口办理。")
	PhoneNotServed     = Problems.Add(422, "phone_not_served", "Codes cannot be sent to numbers of this country or region.", "暂不支持向该国家或地区的手机号码发送验证码。", "Enter a number of mainland China, or go to a station window.", "请填写中国大陆手机号码，或到车站窗口办理。")
	LanguageInvalid    = Problems.Add(422, "language_invalid", "This language is not supported.", "不支持该语言。", "Choose Chinese or English.", "请选择中文或英文。")
	PhoneUnverified    = Problems.Add(409, "phone_unverified", "The phone of this account is not verified.", "该账户的手机号码尚未核验。", "Verify the phone with a code first.", "请先完成手机核验。")
	RecoveryFailed     = Problems.Add(403, "recovery_failed", "The password could not be reset.", "密码重置失败。", "Check the code. If it is correct, start again with the login name and the verified phone of the account.", "请核对验证码；如仍无法重置，请使用正确的用户名和该账户已核验的手机号码重新办理。")
	AccountNotFound    = Problems.Add(404, "account_not_found", "There is no such account.", "账户不存在。", "Check the login name, phone number or e-mail address.", "请核对用户名、手机号码或电子邮箱。") // shown to staff only
	ClientUnknown      = Problems.Add(422, "client_unknown", "The ticketing system is unknown.", "无法识别该售票系统。", "Please update the app.", "请更新客户端。")
	ChallengeInvalid   = Problems.Add(422, "challenge_invalid", "The challenge is not valid.", "校验参数有误。", correctEN, correctZH)
	AccountCodeInvalid = Problems.Add(404, "account_code_invalid", "The account code is not valid or no longer valid.", "账户授权码无效或已失效。", "Ask the passenger to get a new code in their app.", "请由旅客在客户端重新获取授权码。") // shown to ticketing systems only
)
