package main

import (
	"fmt"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// keyCount issuers sign the sessions in turn.
const keyCount = 4

// scope is what every request asks for.
const scope = tokens.Entry

// credential is that of the one device. It opens nothing but the server that
// this program starts.
const credential = gateway.CredentialPrefix + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

func issuers() (all [keyCount]tokentest.Issuer) {
	for i := range all {
		all[i] = tokentest.NewIssuer(tokens.KeyID(1 + i))
	}
	return all
}

func issuerKeys() (keys []tokens.Key) {
	for _, issuer := range issuers() {
		keys = append(keys, issuer.Key())
	}
	return keys
}

// codes are the phones: open sessions, and for each the request that shows the
// code of its current step. Sessions are of every age, so that a code is half a
// session from its anchor on average.
type codes struct {
	sessions [][]tokentest.Session // by connection
	requests [][][]byte
	issuers  [keyCount]tokentest.Issuer
	opened   uint32
}

func newCodes(connections, perConnection int) *codes {
	c := &codes{issuers: issuers()}
	for range connections {
		c.sessions = append(c.sessions, make([]tokentest.Session, perConnection))
		c.requests = append(c.requests, make([][]byte, perConnection))
	}
	return c
}

// prepare makes every request show the code that is current at now. A gate
// takes it until the end of the next step, so it is good for a minute at least.
// A session that is over, or ends with this step, gives way to a new one.
func (c *codes) prepare(now time.Time) {
	unix := now.Unix()
	for i := range c.sessions {
		for j := range c.sessions[i] {
			s := &c.sessions[i][j]
			if s.Links == nil {
				// The first time: spread over all ages but that of the last step.
				age := int64(c.opened) * 17 % ((tokens.Length - 1) * tokens.Period)
				*s = c.open(unix - age)
			} else if unix-s.Fields.Start >= (tokens.Length-1)*tokens.Period {
				*s = c.open(unix)
			}
			code := s.Code(int(unix-s.Fields.Start) / tokens.Period)
			c.requests[i][j] = appendRequest(c.requests[i][j][:0], &code)
		}
	}
}

func (c *codes) open(start int64) tokentest.Session {
	index := c.opened
	c.opened++
	return c.issuers[index%keyCount].Open(index, start)
}

// request is what a connection writes for one of its sessions.
func (c *codes) request(connection, session int) []byte { return c.requests[connection][session] }

func appendRequest(dst []byte, code *tokens.Token) []byte {
	dst = fmt.Appendf(dst, "POST /v1/check?scope=%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n", scope, credential, tokens.TextSize)
	return code.AppendText(dst)
}
