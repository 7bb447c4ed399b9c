package main

import (
	"bytes"
	"errors"
	"fmt"
)

// layout is how long the head of every answer is. It is learnt from the first
// and stays: the date and the length inside it change, their widths do not.
type layout int

var (
	headEnd = []byte("\r\n\r\n")
	status  = []byte("HTTP/1.1 200 ")
	allow   = []byte(`{"verdict":"allow","reason":"ok",`)
	lengths = []byte("\r\nContent-Length: ")
)

// digits is the width of the body's length: a verdict has three.
const digits = 3

// Ways in which an answer is not what it must be. Fixed texts: an answer names a passenger.
var (
	errNotOK    = errors.New("an answer was not a 200")
	errHead     = errors.New("an answer's head is not like the first one's")
	errNotAllow = errors.New("a verdict was not an allow")
	errTooLong  = errors.New("an answer was longer than it said")
	errEnded    = errors.New("the connection ended inside an answer")
)

// learn reads the layout off an answer. ok is false while its head is not all there.
func learn(read []byte) (l layout, ok bool, err error) {
	end := bytes.Index(read, headEnd)
	if end < 0 {
		return 0, false, nil
	}
	if !bytes.HasPrefix(read, status) {
		return 0, false, fmt.Errorf("%w: %.32q", errNotOK, read[:bytes.IndexByte(read, '\r')])
	}
	if at := end - digits - len(lengths); at < 0 || !bytes.HasPrefix(read[at:], lengths) {
		return 0, false, fmt.Errorf("%w: its last line should be a Content-Length of %d digits", errHead, digits)
	}
	return layout(end + len(headEnd)), true, nil
}

// size looks at what was read so far and says how long the whole answer is, or
// 0 while that cannot be told.
func (l layout) size(read []byte) (int, error) {
	head := int(l)
	if len(read) < head {
		if n := min(len(read), len(status)); !bytes.Equal(read[:n], status[:n]) {
			return 0, errNotOK
		}
		return 0, nil
	}
	if !bytes.HasPrefix(read, status) {
		return 0, errNotOK
	}
	end := head - len(headEnd)
	if !bytes.Equal(read[end:head], headEnd) || !bytes.HasPrefix(read[end-digits-len(lengths):], lengths) {
		return 0, errHead
	}
	body := 0
	for _, d := range read[end-digits : end] {
		if d < '0' || d > '9' {
			return 0, errHead
		}
		body = 10*body + int(d-'0')
	}
	return head + body, nil
}

// check judges a whole answer.
func (l layout) check(read []byte, size int) error {
	if len(read) > size {
		return errTooLong
	}
	if !bytes.HasPrefix(read[l:], allow) {
		return errNotAllow
	}
	return nil
}
