package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// CodesService is the name of the phone code service in metrics, logs and errors.
const CodesService = "phone_code"

// messagesPath is the path of messages, below the service's URL.
const messagesPath = "v1/messages"

// Purpose is the purpose of a code. The message names it: the recipient can recognize an attempt to obtain
// the code by deception.
type Purpose string

// The purposes. They are names on the wire and metric labels.
const (
	VerifyPhone   Purpose = "verify_phone"   // confirms the account holder's phone
	ResetPassword Purpose = "reset_password" // replaces a forgotten password
)

// Purposes lists the purposes.
func Purposes() []Purpose { return []Purpose{VerifyPhone, ResetPassword} }

// Language is the language of a message.
type Language string

// The languages.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// Message is a message with a code. It is personal data and a secret, and prints as "(private)".
type Message struct {
	Number   string // E.164, such as +8613800000001
	Code     string // 6 digits
	Purpose  Purpose
	Language Language
}

// Format hides the message from every verb of fmt.
func (Message) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(private)")) }

// CodeSender sends one-time codes to phones (手机核验, rule G40). Package account decides what a code is
// valid for, for how long, and how often codes are sent.
//
// Send returns nil when the service accepted the message; delivery is not confirmed. It returns at the latest
// when ctx ends, then with the error of ctx. An implementation must not repeat a message: each call can cost a
// message. Number and code must never appear in an error, a log or anywhere else that outlives the call.
// Send must be safe for concurrent use.
//
// Label names the provider in logs. The label of a sender without messages says that it sends none.
type CodeSender interface {
	Send(ctx context.Context, m Message) error
	Label() string
}

// codeSender sends codes through an outside service.
type codeSender struct{ *service }

// NewCodeSender makes the client of an outside service, or reports every fault of the configuration. A
// code counts as sent only if a holder of the shared secret confirmed this message. A request that is
// repeated after a broken connection has the same id: the service sends one message for an id.
//
// docs/openapi/phone-code.yaml specifies the protocol for the service. The issuer sends
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

// ErrUndeliverable means that the service does not deliver to the number.
var ErrUndeliverable = errors.New("phone code: the service cannot deliver to this number")

// codeMessage is a message in the request to the service.
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
	answer, err := callService(ctx, s.service, messagesPath, codeMessage{m.Number, m.Code, m.Purpose, m.Language}, func(a codeAnswer) bool {
		return a.Message == "accepted" || a.Message == "undeliverable"
	})
	if err == nil && answer.Message == "undeliverable" {
		err = ErrUndeliverable
	}
	return err
}

// Numbers for which the sandbox fails.
const (
	SandboxFaultNumber  = "+8619999999990" // returns ErrSandbox
	SandboxSilentNumber = "+8619999999991" // never answers: waits until ctx ends
)

// sandboxNumbers is the maximum number of phone numbers in a SandboxCodes.
const sandboxNumbers = 10_000

// SandboxCodes sends no messages. It stores the last code of each number in memory, for the client that
// acts as the phone in a demo or a test. It must never serve real passengers: a client with access to it
// can enter every account.
type SandboxCodes struct {
	mu    sync.Mutex
	codes map[string]string // mu; by number
	order []string          // mu; numbers, oldest first
}

// NewSandboxCodes makes a [SandboxCodes].
func NewSandboxCodes() *SandboxCodes { return &SandboxCodes{codes: map[string]string{}} }

// Label says that no message is sent.
func (*SandboxCodes) Label() string { return "sandbox: NO MESSAGE IS SENT" }

// Send stores the code, or fails as the number requests.
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

// Code returns the last code for a number in E.164 form.
func (s *SandboxCodes) Code(number string) (code string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code, ok = s.codes[number]
	return code, ok
}
