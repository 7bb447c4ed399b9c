package phonecode

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// SandboxLabel is what every trace of the sandbox says.
const SandboxLabel = "sandbox: NO MESSAGE IS SENT"

// SandboxFault is a number to which the sandbox cannot send, and SandboxSilent one for
// which it never answers.
const (
	SandboxFault  = "+8619999999990"
	SandboxSilent = "+8619999999991"
)

// ErrSandboxFault is the sandbox out of order.
var ErrSandboxFault = errors.New("phonecode: the sandbox is out of order, as its caller wished")

// sandboxKeeps bounds the numbers whose last code a Sandbox remembers.
const sandboxKeeps = 10_000

// Sandbox sends nothing. It keeps the last code of each number in memory, for the
// client that plays the phone in a demo or a test. It must never serve real passengers: a
// client that reaches it gets into every account.
type Sandbox struct {
	mu    sync.Mutex
	codes map[string]string // mu; by number
	order []string          // mu; numbers, the oldest first
}

var _ Sender = (*Sandbox)(nil)

// NewSandbox makes one.
func NewSandbox() *Sandbox { return &Sandbox{codes: map[string]string{}} }

// Label says that nothing is sent.
func (*Sandbox) Label() string { return SandboxLabel }

// Send keeps the code, or does what the number says.
func (s *Sandbox) Send(ctx context.Context, m Message) error {
	switch m.Number {
	case SandboxFault:
		return ErrSandboxFault
	case SandboxSilent:
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.codes[m.Number]; known {
		s.order = slices.DeleteFunc(s.order, func(n string) bool { return n == m.Number })
	} else if len(s.order) == sandboxKeeps {
		delete(s.codes, s.order[0])
		s.order = s.order[1:]
	}
	s.codes[m.Number] = m.Code
	s.order = append(s.order, m.Number)
	return nil
}

// Code is the last code that was to be sent to a number in the form of E.164.
func (s *Sandbox) Code(number string) (code string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code, ok = s.codes[number]
	return code, ok
}
