// Package problem is how the rules say no: a stable code, what is wrong in the
// request, and when to try again. The packages of issuance define the codes and
// their words; what each means in HTTP stands in issuance/httpapi.
//
// It promises that a Refusal repeats nothing of what was sent: it may be logged,
// counted and told.
package problem

import "errors"

// Code is the stable name of a refusal.
type Code string

// Refusal is an error that the rules demand and the caller may be told. Every
// other error is a fault of the issuer, told to nobody but the log.
type Refusal struct {
	Code Code
	// Detail says which part of the request is at fault and what it must be. It
	// never repeats what was sent.
	Detail string
	// RetryAt is from when the same request can succeed, Unix seconds; 0 if time
	// alone changes nothing.
	RetryAt int64
}

func (r *Refusal) Error() string { return "refused: " + string(r.Code) }

// Text is what a person reads of a refusal, and what to do next (rule A14), in
// English and Chinese. Next is empty where there is nothing to do.
type Text struct{ EN, ZH, NextEN, NextZH string }

// Say makes a Text.
func Say(en, zh, nextEN, nextZH string) Text { return Text{en, zh, nextEN, nextZH} }

// New makes a refusal that time does not lift.
func New(code Code, detail string) error { return &Refusal{Code: code, Detail: detail} }

// Until makes a refusal that ends at a time, Unix seconds.
func Until(retryAt int64, code Code, detail string) error {
	return &Refusal{Code: code, Detail: detail, RetryAt: retryAt}
}

// Is reports whether an error is a refusal with the code.
func Is(err error, code Code) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == code
}
