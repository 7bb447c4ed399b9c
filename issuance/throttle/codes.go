package throttle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/database"
)

// The kinds that count codes sent to phones: each costs money, and a stranger can request
// a code to another person's phone. Their names are in the database.
const (
	codeAccount Kind = "code_account" // by login name; of recoveries by login name and number, whether or not they belong together
	codeNumber  Kind = "code_number"  // by phone number; recoveries apart
	codePause   Kind = "code_pause"   // for the pause between two codes: by phone number; of recoveries by both
	codeNetwork Kind = "code_network" // by network
	codeAll     Kind = "code_all"     // everything together
)

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
	var all []error
	for kind, rule := range c.rules() {
		if !rule.ok() {
			all = append(all, fmt.Errorf("attempts: rule for %s: codes and times must be above zero, no time above %v", kind, longest))
		}
	}
	return errors.Join(all...)
}

func (c CodeRules) rules() map[Kind]Rule {
	return map[Kind]Rule{codeAccount: c.Account, codeNumber: c.Number, codePause: c.Pause, codeNetwork: c.Network, codeAll: c.All}
}

// Codes are the keys by which a code counts that a logged-in account requests: its login
// name, the number that it goes to, the caller's network, and all codes together.
func (f *Lockout) Codes(login, number string, from Caller) []Key {
	return []Key{
		f.CodesOf(login), {codeNumber, f.index("codes.number", number)}, {codePause, f.index("codes.pause", number)},
		f.codesFrom(from), f.allCodes(),
	}
}

// RecoveryCodes are the keys by which a code counts that a stranger requests for a login
// name and a number. The two count together, whether or not they belong together: a
// caller who knows one of them uses up the codes of no account and of no number.
func (f *Lockout) RecoveryCodes(login, number string, from Caller) []Key {
	pair := login + " " + number // a login name has no space
	return []Key{
		{codeAccount, f.index("codes.recovery", pair)}, {codePause, f.index("codes.recovery.pause", pair)},
		f.codesFrom(from), f.allCodes(),
	}
}

// RecoveryNumber is the key by which the recoveries count that send a message to a number,
// of all accounts that have it.
func (f *Lockout) RecoveryNumber(number string) Key {
	return Key{codeNumber, f.index("codes.recovery.number", number)}
}

func (f *Lockout) codesFrom(from Caller) Key {
	return Key{codeNetwork, f.index("codes.network", from.network.String())}
}

func (f *Lockout) allCodes() Key { return Key{codeAll, f.index("codes.all", "")} }

// CodesOf is the key by which the codes count that an account requests itself.
func (f *Lockout) CodesOf(login string) Key {
	return Key{codeAccount, f.index("codes.account", login)}
}

// CodesHeld tells how many codes count for the account with a login name.
func (f *Lockout) CodesHeld(ctx context.Context, q database.Queries, login string) (Held, error) {
	return f.Held(ctx, q, f.CodesOf(login))
}
