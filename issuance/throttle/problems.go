package throttle

import "github.com/railgate/railgate/issuance/problem"

// Problems are those of too many attempts.
var Problems problem.Table

// What an attempt can be refused for; each says from when to try again.
var (
	TooManyRequests = Problems.Add(429, "too_many_requests",
		"Too many requests.", "请求过于频繁。",
		"Please try again in a moment.", "请稍后重试。")
	TooManyFailures = Problems.Add(429, "too_many_failures",
		"Locked for a while after too many failed attempts.", "失败次数过多，已暂时锁定。",
		"Please try again at the time shown, or go to a station window.", "请在提示的时间后重试，或到车站窗口办理。")
	TooManyCodes = Problems.Add(429, "too_many_codes",
		"Too many codes were sent.", "验证码发送次数过多。",
		"Use the last code that arrived, or try again at the time shown.", "请使用最近收到的验证码，或在提示的时间后重试。") // sent to phones
)
