package account

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"strings"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
)

// AccountCodePrefix begins an account code.
const AccountCodePrefix = "rgc_"

// Bounds of an account code. The numbers are our choice.
const (
	// AccountCodeLife is how long a code can be redeemed. An app passes it on immediately.
	AccountCodeLife = 60 * time.Second
	// AccountCodeKept is how long a code's row is kept after the code was made: a second redemption
	// is detected, and the holder can see which client learned the account.
	AccountCodeKept = 24 * time.Hour
)

// AccountCode is a one-time code, similar to the authorization code of RFC 6749, section 4.1. Text
// is returned once and is not stored.
type AccountCode struct {
	Text      string
	ExpiresAt database.Millis
}

// MakeAccountCode makes a code with which client, a ticketing system, learns the holder's account.
// The caller must have checked that the client exists. challenge is that of RFC 7636 with S256; if
// it is empty, redeeming needs no verifier. A login has at most one code that is not redeemed: a
// new code replaces it.
func (s *Service) MakeAccountCode(ctx context.Context, h Holder, client, challenge string) (AccountCode, error) {
	if challenge != "" && !isChallenge(challenge) {
		return AccountCode{}, problem.New(ChallengeInvalid, "challenge must be the SHA-256 of the verifier in 43 characters of base64url")
	}
	now := s.now()
	c := AccountCode{Text: ids.New(AccountCodePrefix, ids.SecretSize), ExpiresAt: now.Add(AccountCodeLife)}
	err := s.Database.Change(ctx, "make an account code", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.LockLogin(ctx, tx, h); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM account_codes WHERE account = $1 AND login = $2 AND redeemed_ms IS NULL`, h.account, h.login); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO account_codes (hash, account, login, client, challenge, made_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			tokenHash(c.Text), h.account, h.login, client, challenge, now, c.ExpiresAt)
		return err
	})
	if err != nil {
		return AccountCode{}, err
	}
	return c, nil
}

// Redemption is a code presented by a client.
type Redemption struct {
	Client   string // name of the credential that the client authenticated with
	Code     string
	Verifier string // of the challenge; empty if there was none
}

// errCode is the one answer for every fault of a code.
var errCode = problem.New(AccountCodeInvalid, "the code is unknown, expired, already used, or was made for another client or another verifier")

// Redeem returns the account of a code, once. A code is invalidated when another client presents it
// or its verifier is wrong, since another party may have it. audit records the result for a known
// code in the same transaction. An unknown code is not recorded, since it belongs to no account.
func (s *Service) Redeem(ctx context.Context, r Redemption, audit func(ctx context.Context, tx *sql.Tx, account, result string) error) (account string, err error) {
	if !ids.WellFormed(r.Code, AccountCodePrefix, ids.SecretSize) || r.Verifier != "" && !isVerifier(r.Verifier) {
		return "", errCode
	}
	now := s.now()
	var refused bool
	err = s.Database.Change(ctx, "redeem an account code", func(ctx context.Context, tx *sql.Tx) error {
		refused = true
		var client, challenge string
		var expires database.Millis
		var used, login bool
		err := tx.QueryRowContext(ctx, `SELECT account, client, challenge, expires_ms, used_ms IS NOT NULL,
				EXISTS (SELECT 1 FROM logins l WHERE l.id = account_codes.login AND l.ended_ms IS NULL AND l.expires_ms > $2)
			FROM account_codes WHERE hash = $1`+s.Database.ForUpdate, tokenHash(r.Code), now).
			Scan(&account, &client, &challenge, &expires, &used, &login)
		if err == sql.ErrNoRows {
			return nil
		}
		if err != nil {
			return err
		}
		result := ""
		switch {
		case client != r.Client:
			result = "refused: made for another client"
		case used:
			result = "refused: used before"
		case now >= expires:
			result = "refused: expired"
		case !login:
			result = "refused: the login has ended"
		case !verified(challenge, r.Verifier):
			result = "refused: wrong verifier"
		default:
			refused, result = false, "redeemed"
		}
		if _, err := tx.ExecContext(ctx, `UPDATE account_codes SET used_ms = COALESCE(used_ms, $2), redeemed_ms = CASE WHEN $3 THEN $2 ELSE redeemed_ms END WHERE hash = $1`,
			tokenHash(r.Code), now, !refused); err != nil {
			return err
		}
		return audit(ctx, tx, account, result)
	})
	if err == nil && refused {
		err = errCode
	}
	if err != nil {
		return "", err
	}
	return account, nil
}

// challengeSize is the length of a SHA-256 in base64url without padding.
const challengeSize = 43

// unreserved are the characters of a verifier.
const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

func isChallenge(text string) bool {
	sum, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(text) == challengeSize && len(sum) == sha256.Size
}

func isVerifier(text string) bool {
	return len(text) >= 43 && len(text) <= 128 && strings.Trim(text, unreserved) == ""
}

// verified compares a verifier with its challenge. Without a challenge a verifier is refused: a
// client that sends one expects the code to be bound to it.
func verified(challenge, verifier string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
