package phonecode

import (
	"context"
	"fmt"
	"time"
)

// DefaultTimeout bounds the sending of one code.
const DefaultTimeout = 5 * time.Second

// Purpose is what a code is for. The message says it, so that people know what somebody
// asks them for.
type Purpose string

// The purposes. They are names on the wire and metric labels.
const (
	VerifyPhone   Purpose = "verify_phone"   // the phone is the account holder's
	ResetPassword Purpose = "reset_password" // the way back from a forgotten password
)

// Purposes lists them.
func Purposes() []Purpose { return []Purpose{VerifyPhone, ResetPassword} }

// Language is that of the message.
type Language string

// The languages.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// Message is a code on its way. It is personal data and a secret: it prints as nothing.
type Message struct {
	Number   string // in the form of E.164, such as +8613800000001
	Code     string // 6 digits
	Purpose  Purpose
	Language Language
}

// Format hides the message from every verb of fmt.
func (Message) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(private)")) }

// Sender sends codes.
//
// Send returns nil once somebody has taken the message on; whether it arrives is not known.
// It returns before ctx ends, with ctx's error if nothing was taken on in time. It may be
// called again with the same message only by its caller: each call can cost a message.
// Number and code must never appear in an error, a log or anywhere else that outlives the
// call. Calls come from many goroutines at once.
//
// Label names the provider in logs; one that sends nothing says so in it.
type Sender interface {
	Send(ctx context.Context, m Message) error
	Label() string
}
