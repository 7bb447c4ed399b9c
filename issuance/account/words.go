package account

import "github.com/railgate/railgate/issuance/problem"

const (
	correctEN = "Correct the field and send it again."
	correctZH = "请更正后重新提交。"
)

// Words has the text of each code.
var Words = map[problem.Code]problem.Text{
	LoginRequired:      problem.Say("Please log in.", "请登录。", "Log in and try again.", "请登录后重试。"),
	LoginFailed:        problem.Say("The login name or the password is wrong.", "用户名或密码错误。", "Check both and try again.", "请核对后重试。"),
	LoginInvalid:       problem.Say("The login name is not valid: 6 to 30 letters, digits and underscores, beginning with a letter.", "用户名应为6至30位字母、数字或下划线，且以字母开头。", correctEN, correctZH),
	LoginTaken:         problem.Say("This login name is taken.", "该用户名已被使用。", "Choose another login name.", "请更换用户名。"),
	PasswordInvalid:    problem.Say("The password is not valid: it needs 8 to 128 characters.", "密码格式有误，长度应为8至128个字符。", correctEN, correctZH),
	PasswordCommon:     problem.Say("This password is too easy to guess.", "密码过于简单。", "Choose another password.", "请更换密码。"),
	PasswordWrong:      problem.Say("The password is wrong.", "密码错误。", "Enter the present password again.", "请重新输入当前密码。"),
	Busy:               problem.Say("The service is busy.", "系统繁忙。", "Please try again in a moment.", "请稍后重试。"),
	DocumentInvalid:    problem.Say("This type of document is not supported.", "不支持该证件类型。", "Choose a resident ID card, a passport, or a permit for Hong Kong, Macau or Taiwan residents.", "请选择居民身份证、护照、港澳居民来往内地通行证或台湾居民来往大陆通行证。"),
	NameInvalid:        problem.Say("The name is not valid.", "姓名填写有误。", "Enter the name as on the document.", "请按证件填写姓名。"),
	NumberInvalid:      problem.Say("The document number is not valid.", "证件号码填写有误。", "Enter the number as on the document.", "请按证件填写号码。"),
	NationalityInvalid: problem.Say("The nationality is not valid.", "国籍填写有误。", "Choose the nationality on the document.", "请按证件选择国籍。"),
	ContactMissing:     problem.Say("A phone number or an e-mail address is required.", "请填写手机号码或电子邮箱。", "Enter at least one of the two.", "请至少填写一项。"),
	PhoneInvalid:       problem.Say("The phone number is not valid.", "手机号码填写有误。", correctEN, correctZH),
	EmailInvalid:       problem.Say("The e-mail address is not valid.", "电子邮箱填写有误。", correctEN, correctZH),
	ConsentRequired:    problem.Say("Consent to the privacy policy in force is required.", "需要同意现行隐私政策。", "Read the policy and agree to it.", "请阅读并同意隐私政策。"),
	ProfileConflict:    problem.Say("The profile was changed meanwhile.", "资料已被修改。", "Load the profile again and repeat the change.", "请重新打开资料页面后再修改。"),
	CodeWrong:          problem.Say("The code is wrong or no longer valid.", "验证码错误或已失效。", "Check the code, or have a new one sent.", "请核对验证码，或重新获取。"),
	CodeUnavailable:    problem.Say("No code can be sent now.", "验证码暂时无法发送。", "Please try again in a moment, or go to a station window.", "请稍后重试，或到车站窗口办理。"),
	PhoneNotServed:     problem.Say("No codes are sent to numbers of this country or region.", "暂不支持向该国家或地区的号码发送验证码。", "Enter a number of mainland China, or go to a station window.", "请填写中国大陆手机号码，或到车站窗口办理。"),
	LanguageInvalid:    problem.Say("This language is not supported.", "不支持该语言。", "Choose Chinese or English.", "请选择中文或英文。"),
	PhoneUnverified:    problem.Say("The phone of this account is not verified.", "该账户的手机号码尚未核验。", "Verify the phone with a code first.", "请先通过验证码完成手机核验。"),
	RecoveryFailed:     problem.Say("The password could not be reset.", "密码重置未成功。", "Check the code, or begin again: check login name and phone, which must be the verified phone of the account.", "请核对验证码，或重新开始：请核对用户名和手机号码，手机号码须为该账户已核验的号码。"),
	ClientUnknown:      problem.Say("This ticketing system is not known.", "未知的售票系统。", "Please update the app.", "请更新客户端。"),
	ChallengeInvalid:   problem.Say("The challenge is not valid.", "校验参数有误。", correctEN, correctZH),
	AccountCodeInvalid: problem.Say("This account code is not valid any more.", "账户授权码无效或已失效。", "Please have the passenger's app make a new code.", "请由旅客在客户端重新获取授权码。"),
	AccountNotFound:    problem.Say("There is no such account.", "账户不存在。", "Check the login name, phone number or e-mail address.", "请核对用户名、手机号码或电子邮箱。"),
}
