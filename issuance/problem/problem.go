// Package problem defines the problems of the HTTP API (RFC 9457). Each domain package has one
// [Table] with a row per problem: the stable code, the HTTP status, and the texts for people.
// Package httpapi joins the tables and sends the rows.
//
// It promises that each code of the joined tables is declared exactly once and completely, or the
// program does not start. It promises that an [Error] contains nothing of the request: it may be
// logged, counted and returned.
package problem

import (
	"errors"
	"strings"
)

// Code is the stable name of a problem.
type Code string

// Text is what a person reads about a problem and the next step (rule A14), in English and Chinese.
// Next is empty if there is no next step.
type Text struct{ EN, ZH, NextEN, NextZH string }

// Row is one problem.
type Row struct {
	Code   Code
	Status int // HTTP status, 400 to 599
	Text
}

// Table is the closed list of a domain's problems. It is filled during the initialization of
// package variables and only read afterwards.
type Table []Row

// Add declares a problem and returns its code. It panics if the code is not in snake_case or a text
// is missing in one language.
func (t *Table) Add(status int, code Code, en, zh, nextEN, nextZH string) Code {
	if code == "" || strings.Trim(string(code), "abcdefghijklmnopqrstuvwxyz_") != "" ||
		status < 400 || status > 599 || en == "" || zh == "" || (nextEN == "") != (nextZH == "") {
		panic("BUG: issuance/problem: incomplete row for " + string(code))
	}
	*t = append(*t, Row{code, status, Text{en, zh, nextEN, nextZH}})
	return code
}

// Join indexes the rows of all tables by code. It panics on a duplicate code.
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

// Error is a problem that is returned to the caller. Any other error is a fault of the issuer and
// is only logged.
type Error struct {
	Code Code
	// Detail names the faulty part of the request and what it must be. It never repeats the
	// request.
	Detail string
	// RetryAt is the time from which the same request can succeed, in Unix seconds; 0 if waiting
	// does not help.
	RetryAt int64
}

func (e *Error) Error() string { return "problem: " + string(e.Code) }

// New makes a problem that waiting does not resolve.
func New(code Code, detail string) error { return &Error{Code: code, Detail: detail} }

// Until makes a problem that ends at retryAt, in Unix seconds.
func Until(retryAt int64, code Code, detail string) error {
	return &Error{Code: code, Detail: detail, RetryAt: retryAt}
}

// Is reports whether err is a problem with the code.
func Is(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
