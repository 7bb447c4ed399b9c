package throttle

import (
	"time"

	"github.com/railgate/railgate/issuance/problem"
)

// What an attempt can be refused for; each says from when to try again.
const (
	TooManyRequests problem.Code = "too_many_requests"
	TooManyFailures problem.Code = "too_many_failures"
	TooManyCodes    problem.Code = "too_many_codes" // sent to phones
)

// Codes lists the closed list.
func Codes() []problem.Code { return []problem.Code{TooManyRequests, TooManyFailures, TooManyCodes} }

// Words has the text of each code.
var Words = map[problem.Code]problem.Text{
	TooManyRequests: problem.Say("Too many requests.", "请求过于频繁。", "Please try again in a moment.", "请稍后重试。"),
	TooManyFailures: problem.Say("Locked for a while after too many failed attempts.", "失败次数过多，已暂时锁定。",
		"Please try again at the time shown, or go to a station window.", "请在提示的时间后重试，或到车站窗口办理。"),
	TooManyCodes: problem.Say("Too many codes were sent.", "验证码发送次数过多。",
		"Use the last code that arrived, or try again at the time shown.", "请使用最近收到的验证码，或在提示的时间后重试。"),
}

// roundUp is a time in Unix seconds, not before it.
func roundUp(ns int64) int64 {
	const second = int64(time.Second)
	return (ns + second - 1) / second
}
