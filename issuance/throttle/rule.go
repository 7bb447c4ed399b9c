package throttle

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/vault"
)

// Kind is the kind of object that failures are counted for.
type Kind string

// The kinds. The database stores their names. The code kinds count codes sent to phones: each message
// costs money, and a caller can request a code to another person's phone.
const (
	Account     Kind = "account"      // passwords, by login name, whether or not the account exists
	Document    Kind = "document"     // proofs at windows, by document
	Face        Kind = "face"         // face checks, by document and network
	Faces       Kind = "faces"        // face checks, by document, from all networks
	codeAccount Kind = "code_account" // by login name; recovery codes by login name and number, matching or not
	codeNumber  Kind = "code_number"  // by phone number; recovery codes separately
	codePause   Kind = "code_pause"   // pause between two codes: by phone number; recovery codes by login name and number
	codeNetwork Kind = "code_network" // by network
	codeAll     Kind = "code_all"     // all codes together
)

// Key identifies the object that failures are counted for, by a keyed hash only. The methods of
// [Lockout] make keys.
type Key struct {
	kind Kind
	hash [32]byte
}

func compare(a, b Key) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), bytes.Compare(a.hash[:], b.hash[:]))
}

func (l *Lockout) key(kind Kind, purpose, value string) Key {
	return Key{kind, l.index(purpose, value)}
}

// Name is the key's name in the audit log: the first half of its hash, which reveals nothing.
func (k Key) Name() string { return string(k.kind) + "-" + hex.EncodeToString(k.hash[:len(k.hash)/2]) }

// Account is the key of a login name in its normal form.
func (l *Lockout) Account(login string) Key { return l.key(Account, "failures.account", login) }

// Document is the key of a document, for proofs at windows. The person hash is hashed again: the rows of
// this package cannot be joined with persons.
func (l *Lockout) Document(person vault.PersonHash) Key {
	return l.key(Document, "failures.document", hex.EncodeToString(person[:]))
}

// Face is the key of a document's face checks from one network. Failures lock a document number only for
// the network that they came from. The first half of the hash depends on the document only: Unlock finds
// the keys of all networks by it.
func (l *Lockout) Face(person vault.PersonHash, from Caller) Key {
	k := Key{Face, l.Faces(person).hash}
	pair := l.index("failures.face", hex.EncodeToString(person[:])+" "+from.network.String())
	copy(k.hash[len(k.hash)/2:], pair[:])
	return k
}

// Faces is the key of a document's face checks from all networks.
func (l *Lockout) Faces(person vault.PersonHash) Key {
	return l.key(Faces, "failures.faces", hex.EncodeToString(person[:]))
}

// Codes returns the keys that count a code requested by a logged-in account: login name, phone number,
// network of the caller, and all codes together.
func (l *Lockout) Codes(login, number string, from Caller) []Key {
	return append(l.sharedCodes(from), l.CodesOf(login), l.key(codeNumber, "codes.number", number), l.key(codePause, "codes.pause", number))
}

// RecoveryCodes returns the keys that count a code requested without a login, for a login name and a
// phone number. The pair is one key, whether or not the two belong together: a caller who knows only one
// of them cannot exhaust the codes of an account or a number.
func (l *Lockout) RecoveryCodes(login, number string, from Caller) []Key {
	pair := login + " " + number // a login name has no space
	return append(l.sharedCodes(from), l.key(codeAccount, "codes.recovery", pair), l.key(codePause, "codes.recovery.pause", pair))
}

// sharedCodes returns the keys that count the codes of a network and all codes.
func (l *Lockout) sharedCodes(from Caller) []Key {
	return []Key{l.key(codeNetwork, "codes.network", from.network.String()), l.key(codeAll, "codes.all", "")}
}

// CodesOf is the key of the codes that an account requests itself.
func (l *Lockout) CodesOf(login string) Key { return l.key(codeAccount, "codes.account", login) }

// RecoveryNumber is the key of the recovery messages to a phone number, for all accounts with the number.
func (l *Lockout) RecoveryNumber(number string) Key {
	return l.key(codeNumber, "codes.recovery.number", number)
}

// Rule configures when failures lock a key.
type Rule struct {
	// Failures is the number of failures within Window that lock, at least 1. The window begins with the
	// first failure: a caller who waits for its end has Failures-1 attempts in each window.
	Failures int
	// AfterLock is the number of failures that lock again after an earlier lock. 0: Failures.
	AfterLock int
	Window    time.Duration
	// FirstLock is the duration of the first lock. Each further lock lasts twice as long, up to MaxLock.
	FirstLock, MaxLock time.Duration
	// Forget is the time after the last failure, or after the end of a lock, at which the key's row is
	// deleted. At least Window.
	Forget time.Duration
}

// Rules has a rule for each kind of key.
type Rules struct{ Account, Document, Face, Faces Rule }

// DefaultRules are our choice; the regulation gives no numbers. An account allows five mistakes and, with
// repeated locks, about 130 guesses a day. So does a document from one network. From all networks
// together a document allows 20 mistakes a day; each further one delays the next check by at most five
// minutes. That is about 300 guesses a day, and the passenger can still be checked.
var DefaultRules = Rules{
	Account:  Rule{Failures: 5, Window: 15 * time.Minute, FirstLock: 5 * time.Minute, MaxLock: time.Hour, Forget: day},
	Document: Rule{Failures: 5, Window: time.Hour, FirstLock: 15 * time.Minute, MaxLock: 4 * time.Hour, Forget: day},
	Face:     Rule{Failures: 5, Window: time.Hour, FirstLock: 15 * time.Minute, MaxLock: 4 * time.Hour, Forget: day},
	Faces:    Rule{Failures: 20, AfterLock: 1, Window: day, FirstLock: 30 * time.Second, MaxLock: 5 * time.Minute, Forget: day},
}

const day = 24 * time.Hour

// longest is the upper bound of every duration of a rule. A longer lock would be a block, which staff
// must decide.
const longest = 7 * 24 * time.Hour

// Check reports every fault of the rules.
func (r Rules) Check() error {
	return checkRules(r.rules(), "failures and durations must be above zero, the first lock at most the longest, the window at most the time to forget, each at most")
}

func checkRules(rules map[Kind]Rule, must string) error {
	var all []error
	for kind, rule := range rules {
		if !rule.ok() {
			all = append(all, fmt.Errorf("throttle: rule for %s: %s %v", kind, must, longest))
		}
	}
	return errors.Join(all...)
}

func (r Rule) ok() bool {
	return r.Failures >= 1 && r.AfterLock >= 0 && r.Window > 0 && r.FirstLock > 0 && r.MaxLock >= r.FirstLock && r.Forget >= r.Window &&
		max(r.Window, r.MaxLock, r.Forget) <= longest
}

func (r Rules) rules() map[Kind]Rule {
	return map[Kind]Rule{Account: r.Account, Document: r.Document, Face: r.Face, Faces: r.Faces}
}

// lockDuration is the duration of a lock after a number of earlier locks.
func (r Rule) lockDuration(others int) time.Duration {
	d := r.FirstLock
	for range others {
		if d >= r.MaxLock/2 {
			return r.MaxLock
		}
		d *= 2
	}
	return d
}

// CodeRules limit the codes sent to phones. Each code counts as a failure counts elsewhere: the last code
// that a rule allows locks the key.
type CodeRules struct{ Account, Number, Pause, Network, All Rule }

// NewCodeRules makes rules from four numbers: daily codes of an account and of a phone number, daily codes
// of a network, hourly codes in total, and the pause between two codes to a number.
func NewCodeRules(daily, network, hourly int, pause time.Duration) CodeRules {
	bound := func(n int, over time.Duration) Rule {
		return Rule{Failures: n, Window: over, FirstLock: over, MaxLock: over, Forget: over}
	}
	return CodeRules{
		Account: bound(daily, day), Number: bound(daily, day), Pause: bound(1, pause),
		Network: bound(network, day), All: bound(hourly, time.Hour),
	}
}

// DefaultCodeRules are our choice; the regulation gives no numbers. Five codes a day are enough for a
// person whose messages arrive late, and allow 25 guesses at a million codes. Many households share a
// network; a script on one network can cause at most 200 messages a day.
var DefaultCodeRules = NewCodeRules(5, 200, 3000, time.Minute)

// Check reports every fault of the rules.
func (c CodeRules) Check() error {
	return checkRules(c.rules(), "codes and durations must be above zero, each duration at most")
}

func (c CodeRules) rules() map[Kind]Rule {
	return map[Kind]Rule{codeAccount: c.Account, codeNumber: c.Number, codePause: c.Pause, codeNetwork: c.Network, codeAll: c.All}
}

// failureRow is a row of the table failures. Times are Unix milliseconds.
type failureRow struct {
	count  int
	window int64
	locks  int
	locked int64
	forget int64
}

// at returns the row as of now: the zero row once it has expired.
func (s failureRow) at(now int64) failureRow {
	if now >= s.forget {
		return failureRow{}
	}
	return s
}

// lockedAt reports whether the key is locked. A lock that ends later than MaxLock from now dates from
// before the clock was set back and is ignored.
func (s failureRow) lockedAt(r Rule, now int64) bool {
	return now < s.locked && s.locked <= now+r.MaxLock.Milliseconds()
}

// after returns the row after one more failure of a key that is not locked.
func (s failureRow) after(r Rule, now int64) failureRow {
	s = s.at(now)
	window := r.Window.Milliseconds()
	// The second condition detects a clock that was set back. It tolerates different clocks of two issuers.
	if s.count == 0 || now >= s.window+window || now < s.window-window {
		s.count, s.window = 0, now
	}
	s.count++
	s.forget = now + r.Forget.Milliseconds()
	enough := r.Failures
	if s.locks > 0 && r.AfterLock > 0 {
		enough = r.AfterLock
	}
	if s.count >= enough {
		s.locked = now + r.lockDuration(s.locks).Milliseconds()
		s.locks++
		s.count = 0
		s.forget = s.locked + r.Forget.Milliseconds()
	}
	return s
}
