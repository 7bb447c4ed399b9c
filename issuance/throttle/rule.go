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

// Kind is what failures are counted by.
type Kind string

// The kinds. Their names are in the database. Those of codes count codes sent to
// phones: each costs money, and a stranger can request a code to another person's
// phone.
const (
	Account     Kind = "account"      // passwords, by login name, whether or not there is such an account
	Document    Kind = "document"     // proofs at windows, by document
	Face        Kind = "face"         // face checks, by document and network
	Faces       Kind = "faces"        // face checks, by document, from all networks
	codeAccount Kind = "code_account" // by login name; of recoveries by login name and number, whether or not they belong together
	codeNumber  Kind = "code_number"  // by phone number; recoveries apart
	codePause   Kind = "code_pause"   // for the pause between two codes: by phone number; of recoveries by both
	codeNetwork Kind = "code_network" // by network
	codeAll     Kind = "code_all"     // everything together
)

// Key is what failures are counted by, known by a keyed hash only. The methods of
// a Lockout make it.
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

// Name is what the audit log calls a key: the first half of its hash, from which
// nothing can be read.
func (k Key) Name() string { return string(k.kind) + "-" + hex.EncodeToString(k.hash[:len(k.hash)/2]) }

// Account is the key of a login name in its normal form.
func (l *Lockout) Account(login string) Key { return l.key(Account, "failures.account", login) }

// Document is the key of a document, for proofs at windows. It is hashed once more,
// so that the rows here do not say which persons they are about.
func (l *Lockout) Document(person vault.PersonHash) Key {
	return l.key(Document, "failures.document", hex.EncodeToString(person[:]))
}

// Face is the key of a document's face checks from one network. Who fails with
// a number locks it for the network of the failures only. The first half of the hash
// is of the document, so that Lift finds the keys of all networks.
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

// Codes are the keys by which a code counts that a logged-in account requests: its login
// name, the number that it goes to, the caller's network, and all codes together.
func (l *Lockout) Codes(login, number string, from Caller) []Key {
	return append(l.sharedCodes(from), l.CodesOf(login), l.key(codeNumber, "codes.number", number), l.key(codePause, "codes.pause", number))
}

// RecoveryCodes are the keys by which a code counts that a stranger requests for a login
// name and a number. The two count together, whether or not they belong together: a
// caller who knows one of them uses up the codes of no account and of no number.
func (l *Lockout) RecoveryCodes(login, number string, from Caller) []Key {
	pair := login + " " + number // a login name has no space
	return append(l.sharedCodes(from), l.key(codeAccount, "codes.recovery", pair), l.key(codePause, "codes.recovery.pause", pair))
}

// sharedCodes are the keys by which codes count together, of a network and of all.
func (l *Lockout) sharedCodes(from Caller) []Key {
	return []Key{l.key(codeNetwork, "codes.network", from.network.String()), l.key(codeAll, "codes.all", "")}
}

// CodesOf is the key by which the codes count that an account requests itself.
func (l *Lockout) CodesOf(login string) Key { return l.key(codeAccount, "codes.account", login) }

// RecoveryNumber is the key by which the recoveries count that send a message to a number,
// of all accounts that have it.
func (l *Lockout) RecoveryNumber(number string) Key {
	return l.key(codeNumber, "codes.recovery.number", number)
}

// Rule says when failures lock a key.
type Rule struct {
	// Failures is how many within Window lock, from 1. The window begins with the
	// first: someone who waits for its end has Failures-1 in each.
	Failures int
	// Again is how many lock again once there was a lock. 0: Failures.
	Again  int
	Window time.Duration
	// FirstLock is how long the first lock lasts; each further one lasts twice as
	// long as the one before, up to MaxLock.
	FirstLock, MaxLock time.Duration
	// Forget is how long after the last failure, and after the end of a lock,
	// everything about the key is forgotten. At least Window.
	Forget time.Duration
}

// Rules has a rule for each kind of key.
type Rules struct{ Account, Document, Face, Faces Rule }

// DefaultRules are our choice; the source gives no numbers. An account allows five
// mistakes and, locked again and again, some 130 guesses a day. So does a document
// from one network. From all networks together a document allows 20 mistakes a day;
// then each further one delays the next check, by five minutes at most: about 300
// guesses a day, and the holder gets through.
var DefaultRules = Rules{
	Account:  Rule{Failures: 5, Window: 15 * time.Minute, FirstLock: 5 * time.Minute, MaxLock: time.Hour, Forget: day},
	Document: Rule{Failures: 5, Window: time.Hour, FirstLock: 15 * time.Minute, MaxLock: 4 * time.Hour, Forget: day},
	Face:     Rule{Failures: 5, Window: time.Hour, FirstLock: 15 * time.Minute, MaxLock: 4 * time.Hour, Forget: day},
	Faces:    Rule{Failures: 20, Again: 1, Window: day, FirstLock: 30 * time.Second, MaxLock: 5 * time.Minute, Forget: day},
}

const day = 24 * time.Hour

// longest bounds every time of a rule: a lock that lasts longer than people wait
// is a block, and that is for staff to decide.
const longest = 7 * 24 * time.Hour

// Check reports all that is wrong with the rules.
func (r Rules) Check() error {
	return checkRules(r.rules(), "failures and times must be above zero, first lock up to max lock, window up to forget, none above")
}

func checkRules(rules map[Kind]Rule, must string) error {
	var all []error
	for kind, rule := range rules {
		if !rule.ok() {
			all = append(all, fmt.Errorf("attempts: rule for %s: %s %v", kind, must, longest))
		}
	}
	return errors.Join(all...)
}

func (r Rule) ok() bool {
	return r.Failures >= 1 && r.Again >= 0 && r.Window > 0 && r.FirstLock > 0 && r.MaxLock >= r.FirstLock && r.Forget >= r.Window &&
		max(r.Window, r.MaxLock, r.Forget) <= longest
}

func (r Rules) rules() map[Kind]Rule {
	return map[Kind]Rule{Account: r.Account, Document: r.Document, Face: r.Face, Faces: r.Faces}
}

// lock is how long the lock after so many others lasts.
func (r Rule) lock(others int) time.Duration {
	d := r.FirstLock
	for range others {
		if d >= r.MaxLock/2 {
			return r.MaxLock
		}
		d *= 2
	}
	return d
}

// CodeRules bound the codes sent to phones. A code counts where a failure counts
// elsewhere: the last one that a rule allows locks the key.
type CodeRules struct{ Account, Number, Pause, Network, All Rule }

// NewCodeRules are the rules that a few numbers make: codes in a day for an account and for
// a number, codes in a day for a network, codes in an hour in all, and the pause between
// two codes to a number.
func NewCodeRules(daily, network, hourly int, pause time.Duration) CodeRules {
	bound := func(n int, over time.Duration) Rule {
		return Rule{Failures: n, Window: over, FirstLock: over, MaxLock: over, Forget: over}
	}
	return CodeRules{
		Account: bound(daily, day), Number: bound(daily, day), Pause: bound(1, pause),
		Network: bound(network, day), All: bound(hourly, time.Hour),
	}
}

// DefaultCodeRules are our choice; the source gives no numbers. Five codes a day serve a
// person whose messages arrive late, and allow 25 guesses at a million codes. Many
// households share a network, and a pumping script that has one network costs at most
// 200 messages a day.
var DefaultCodeRules = NewCodeRules(5, 200, 3000, time.Minute)

// Check reports all that is wrong with the rules.
func (c CodeRules) Check() error {
	return checkRules(c.rules(), "codes and times must be above zero, no time above")
}

func (c CodeRules) rules() map[Kind]Rule {
	return map[Kind]Rule{codeAccount: c.Account, codeNumber: c.Number, codePause: c.Pause, codeNetwork: c.Network, codeAll: c.All}
}

// standing is a row of failures; times are Unix milliseconds.
type standing struct {
	count  int
	window int64
	locks  int
	locked int64
	forget int64
}

// at is what the row means now: nothing, once it is to be forgotten.
func (s standing) at(now int64) standing {
	if now >= s.forget {
		return standing{}
	}
	return s
}

// lockedAt reports whether the key is locked. A lock that ends later than any
// can was given before the clock was set back: it is over.
func (s standing) lockedAt(r Rule, now int64) bool {
	return now < s.locked && s.locked <= now+r.MaxLock.Milliseconds()
}

// after is the row after one more failure of a key that is not locked.
func (s standing) after(r Rule, now int64) standing {
	s = s.at(now)
	window := r.Window.Milliseconds()
	// The second question is for a clock that was set back, and wide enough that
	// the clocks of two issuers may differ.
	if s.count == 0 || now >= s.window+window || now < s.window-window {
		s.count, s.window = 0, now
	}
	s.count++
	s.forget = now + r.Forget.Milliseconds()
	enough := r.Failures
	if s.locks > 0 && r.Again > 0 {
		enough = r.Again
	}
	if s.count >= enough {
		s.locked = now + r.lock(s.locks).Milliseconds()
		s.locks++
		s.count = 0
		s.forget = s.locked + r.Forget.Milliseconds()
	}
	return s
}
