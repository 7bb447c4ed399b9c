package kafka

import (
	"bytes"
	"strconv"
)

// maxIterations are the rounds of SCRAM's hash that a broker may ask for. Kafka allows 16384
// at most; a million takes a second, and nothing could end it.
const maxIterations = 1 << 17

// costly tells whether a broker's part of a login asks for too much work. SCRAM
// names the rounds last of three things, as in "r=...,s=...,i=4096".
func costly(auth []byte) bool {
	for part := range bytes.SplitSeq(auth, []byte{','}) {
		if digits, ok := bytes.CutPrefix(part, []byte("i=")); ok {
			n, err := strconv.Atoi(string(digits))
			if err != nil || n > maxIterations {
				return true
			}
		}
	}
	return false
}
