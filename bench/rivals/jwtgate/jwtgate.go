// Package jwtgate is a rival for benchmarks: a simple gate from fasthttp and a token
// library. Tokens are EdDSA JWTs with about the same claims as a pass. It has no cache:
// every token is verified.
//
// Its keys are derived from fixed names and are not secret. It does less than the
// gateway: tokens do not rotate, it has no metrics, and the age of its revocations is a
// constant.
package jwtgate

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// KeyCount is the number of keys that sign in rotation.
const KeyCount = 4

// Life is the validity of a token: as long as the session of a pass.
const Life = 30 * time.Minute

// Claims contains the fields of a pass: jti is the serial, sub the subject.
type Claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"` // names, separated by spaces
}

func keyName(i int) string { return fmt.Sprintf("key-%d", i+1) }

func private(i int) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(keyName(i)))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Keys returns the public keys by the kid of a token's header.
func Keys() map[string][]byte {
	keys := make(map[string][]byte, KeyCount)
	for i := range KeyCount {
		keys[keyName(i)] = private(i).Public().(ed25519.PublicKey)
	}
	return keys
}

// Mint makes n tokens of different ages that are valid from now for at least spare. The
// same arguments give the same tokens.
func Mint(n int, now time.Time, spare time.Duration, scopes []string) ([]string, error) {
	var signers [KeyCount]ed25519.PrivateKey
	for i := range signers {
		signers[i] = private(i)
	}
	tokens := make([]string, n)
	for i := range tokens {
		age := time.Duration(i) * 17 * time.Second % (Life - spare)
		start := now.Add(-age)
		subject := sha256.Sum256(fmt.Appendf(nil, "%d", i))
		token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, Claims{
			RegisteredClaims: jwt.RegisteredClaims{
				ID: Serial(now, i), Subject: hex.EncodeToString(subject[:8]),
				IssuedAt: jwt.NewNumericDate(start), ExpiresAt: jwt.NewNumericDate(start.Add(Life)),
			},
			Scope: strings.Join(scopes, " "),
		})
		token.Header["kid"] = keyName(i % KeyCount)
		var err error
		if tokens[i], err = token.SignedString(signers[i%KeyCount]); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// Serial returns the serial of the i-th credential of the day.
func Serial(now time.Time, i int) string { return fmt.Sprintf("%d-%d", now.Unix()/86400, i) }
