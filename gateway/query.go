package gateway

import (
	"bytes"

	"github.com/railgate/railgate/tokens"
)

// trainSize is the greatest length of a train's name in a query: G101, D3056, K7701.
const trainSize = 8

// query is the query of a check, of one code or of a batch.
type query struct {
	scope   tokens.Scope
	train   string // empty: none was named
	receipt bool   // the caller wants the verdict signed
}

// The parameters, as bits of the set of those seen.
const (
	paramScope = 1 << iota
	paramTrain
	paramReceipt
)

var ampersand = []byte{'&'}

// readQuery reads a query: scope=SCOPE, and optionally train=NAME and receipt=1, each at most once, in any
// order. It decodes no percent-encoding: each value has one spelling. It returns the problem of the first
// parameter, from the left, that has one.
func readQuery(text []byte) (q query, p *problem) {
	seen := 0
	for more := len(text) > 0; more; {
		var pair []byte
		pair, text, more = bytes.Cut(text, ampersand)
		name, value, _ := bytes.Cut(pair, equals)
		param, ok := 0, false
		switch string(name) {
		case "scope":
			param, p = paramScope, problemScopeUnknown
			q.scope, ok = tokens.ParseScope(value)
		case "train":
			param, p = paramTrain, problemTrain
			q.train, ok = parseTrain(value)
		case "receipt":
			param, p = paramReceipt, problemReceipt
			q.receipt = string(value) == "1"
			ok = q.receipt
		default:
			p = problemParameter
		}
		switch {
		case seen&param != 0:
			return query{}, problemRepeated
		case !ok:
			return query{}, p
		}
		seen |= param
	}
	if seen&paramScope == 0 {
		return query{}, problemScopeMissing
	}
	return q, nil
}

var equals = []byte{'='}

// parseTrain parses the name of a train: 1 to 8 upper-case letters and digits. The result is a copy, since it is
// remembered with the head.
func parseTrain(name []byte) (train string, ok bool) {
	if len(name) == 0 || len(name) > trainSize {
		return "", false
	}
	for _, c := range name {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return "", false
		}
	}
	return string(name), true
}
