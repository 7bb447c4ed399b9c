package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// CodesService is the name in metrics, logs and errors of what sends codes.
const CodesService = "phone_code"

// messagesPath is where the service takes messages, below its URL.
const messagesPath = "v1/messages"

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

// CodeSender sends one-time codes to phones (手机核验, rule G40). What a code is good for,
// how long, and how often one may be sent is package account's to say.
//
// Send returns nil once the message was accepted; whether it arrives is not known. It
// returns before ctx ends, with ctx's error if the message was not accepted in time. Only
// its caller may call it again with the same message: each call can cost a message.
// Number and code must never appear in an error, a log or anywhere else that outlives the
// call. Calls come from many goroutines at once.
//
// Label names the provider in logs; one that sends nothing says so in it.
type CodeSender interface {
	Send(ctx context.Context, m Message) error
	Label() string
}

// codeSender has a service elsewhere send codes.
type codeSender struct{ *service }

// NewCodeSender is an outside service; it reports all faults of the configuration. It
// promises that a code counts as sent only if a holder of the shared secret said so, for
// that very message. A request that was sent again, because its connection broke, has the
// same id: the service sends one message for an id.
//
// docs/openapi/phone-code.yaml has the protocol as the service sees it. The issuer sends
//
//	POST /v1/messages
//	{"phone":"+8613800000001","code":"123456","purpose":"verify_phone","language":"zh"}
//
// and the service answers
//
//	200 {"message":"accepted"}   or "undeliverable"
//
// Anything else is a fault of the service.
func NewCodeSender(c ServiceConfig) (CodeSender, error) {
	s, err := newService(CodesService, c)
	if err != nil {
		return nil, err
	}
	return codeSender{s}, nil
}

// ErrUndeliverable is a number to which the service sends nothing.
var ErrUndeliverable = errors.New("phone code: the service cannot deliver to this number")

// codeMessage is a message as the service is given it.
type codeMessage struct {
	Phone    string   `json:"phone"`
	Code     string   `json:"code"`
	Purpose  Purpose  `json:"purpose"`
	Language Language `json:"language"`
}

type codeAnswer struct {
	Message string `json:"message"`
}

func (s codeSender) Send(ctx context.Context, m Message) error {
	answer, err := ask(ctx, s.service, messagesPath, codeMessage{m.Number, m.Code, m.Purpose, m.Language}, func(a codeAnswer) bool {
		return a.Message == "accepted" || a.Message == "undeliverable"
	})
	if err == nil && answer.Message == "undeliverable" {
		err = ErrUndeliverable
	}
	return err
}

// Numbers to which the sandbox does not send.
const (
	SandboxFaultNumber  = "+8619999999990" // ErrSandbox
	SandboxSilentNumber = "+8619999999991" // never answers: waits until ctx ends
)

// sandboxNumbers bounds the numbers whose last code a SandboxCodes remembers.
const sandboxNumbers = 10_000

// SandboxCodes sends nothing. It keeps the last code of each number in memory, for the
// client that plays the phone in a demo or a test. It must never serve real passengers: a
// client that reaches it gets into every account.
type SandboxCodes struct {
	mu    sync.Mutex
	codes map[string]string // mu; by number
	order []string          // mu; numbers, the oldest first
}

// NewSandboxCodes makes one.
func NewSandboxCodes() *SandboxCodes { return &SandboxCodes{codes: map[string]string{}} }

// Label says that nothing is sent.
func (*SandboxCodes) Label() string { return "sandbox: NO MESSAGE IS SENT" }

// Send keeps the code, or does what the number says.
func (s *SandboxCodes) Send(ctx context.Context, m Message) error {
	switch m.Number {
	case SandboxFaultNumber:
		return ErrSandbox
	case SandboxSilentNumber:
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.codes[m.Number]; known {
		s.order = slices.DeleteFunc(s.order, func(n string) bool { return n == m.Number })
	} else if len(s.order) == sandboxNumbers {
		delete(s.codes, s.order[0])
		s.order = s.order[1:]
	}
	s.codes[m.Number] = m.Code
	s.order = append(s.order, m.Number)
	return nil
}

// Code is the last code that was to be sent to a number in the form of E.164.
func (s *SandboxCodes) Code(number string) (code string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code, ok = s.codes[number]
	return code, ok
}
