package phonecode

import (
	"context"
	"fmt"
	"time"
)

// DefaultTimeout bounds the sending of one code.
const DefaultTimeout = 5 * time.Second

// Purpose is what a code is for. The message says it, so that the recipient knows what
// another person wants when they ask for the code.
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
// Send returns nil once the message was accepted; whether it arrives is not known. It
// returns before ctx ends, with ctx's error if the message was not accepted in time. Only
// its caller may call it again with the same message: each call can cost a message.
// Number and code must never appear in an error, a log or anywhere else that outlives the
// call. Calls come from many goroutines at once.
//
// Label names the provider in logs; one that sends nothing says so in it.
type Sender interface {
	Send(ctx context.Context, m Message) error
	Label() string
}
