// Package problem is how the rules say no. Each domain package has one Table of its
// problems, a row each: the stable code, the HTTP status, and what a person reads.
// Package httpapi joins the tables and sends the rows as problems of RFC 9457.
//
// It promises that each code of the joined tables is declared once and completely, or
// the program does not start; and that an Error repeats nothing of what was sent: it
// may be logged, counted and told.
package problem

import (
	"errors"
	"strings"
)

// Code is the stable name of a problem.
type Code string

// Text is what a person reads of a problem, and what to do next (rule A14), in
// English and Chinese. Next is empty where there is nothing to do.
type Text struct{ EN, ZH, NextEN, NextZH string }

// Row is one problem.
type Row struct {
	Code   Code
	Status int // of HTTP, 400 to 599
	Text
}

// Table is the closed list of a domain's problems. It is filled while the package's
// variables are initialized, and only read after that.
type Table []Row

// Add declares a problem and returns its code. It panics for a code that is not in
// snake_case and for a text in one language only.
func (t *Table) Add(status int, code Code, en, zh, nextEN, nextZH string) Code {
	if code == "" || strings.Trim(string(code), "abcdefghijklmnopqrstuvwxyz_") != "" ||
		status < 400 || status > 599 || en == "" || zh == "" || (nextEN == "") != (nextZH == "") {
		panic("BUG: issuance/problem: no complete row for " + string(code))
	}
	*t = append(*t, Row{code, status, Text{en, zh, nextEN, nextZH}})
	return code
}

// Join finds the rows of all tables by their codes. It panics for a code that stands twice.
func Join(tables ...Table) map[Code]Row {
	all := make(map[Code]Row)
	for _, t := range tables {
		for _, row := range t {
			if _, twice := all[row.Code]; twice {
				panic("BUG: issuance/problem: declared twice: " + string(row.Code))
			}
			all[row.Code] = row
		}
	}
	return all
}

// Error is a problem that the caller may be told. Every other error is a fault of the
// issuer, told to nobody but the log.
type Error struct {
	Code Code
	// Detail says which part of the request is at fault and what it must be. It
	// never repeats what was sent.
	Detail string
	// RetryAt is from when the same request can succeed, Unix seconds; 0 if time
	// alone changes nothing.
	RetryAt int64
}

func (e *Error) Error() string { return "refused: " + string(e.Code) }

// New makes an error that time does not lift.
func New(code Code, detail string) error { return &Error{Code: code, Detail: detail} }

// Until makes an error that ends at a time, Unix seconds.
func Until(retryAt int64, code Code, detail string) error {
	return &Error{Code: code, Detail: detail, RetryAt: retryAt}
}

// Is reports whether an error is a problem with the code.
func Is(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
