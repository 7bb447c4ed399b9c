package staff

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
)

// Role is what a credential's holder is. A credential may have several.
type Role string

// The roles of credentials.
const (
	Window    Role = "window"    // station window
	Agency    Role = "agency"    // ticket agency
	Police    Role = "police"    // station police desk
	Operator  Role = "operator"  // runs the issuer
	Ticketing Role = "ticketing" // a ticketing system that asks for decisions
	Authority Role = "authority" // brings the national authority's results
	Machine   Role = "machine"   // ticket machine in a station
)

// Program is what the issuer itself does on a timer, in the audit trail. No
// credential has this role.
const Program Role = "program"

// Roles lists what a credential may be given.
func Roles() []Role { return []Role{Window, Agency, Police, Operator, Ticketing, Authority, Machine} }

// ParseRole reads the name of a credential's role.
func ParseRole(text string) (Role, error) {
	if r := Role(text); slices.Contains(Roles(), r) {
		return r, nil
	}
	return "", fmt.Errorf("a role is %s", rolesInWords())
}

func rolesInWords() string {
	var names []string
	for _, r := range Roles() {
		names = append(names, string(r))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

const (
	prefix = "rgs_" // of a secret
	// MaxName bounds a credential's name, bytes.
	MaxName = 64
)

// Credential lets whoever holds its secret act in its roles. The secret is
// "rgs_" and 64 lower-case hex digits; only its hash is configured.
type Credential struct {
	// Name stands in the audit trail and the log: of a place or a post
	// ("shanghai-hongqiao-window-3"), not of a person. See CheckName.
	Name   string
	SHA256 string // of the whole secret, 64 lower-case hex digits
	Roles  []Role // one at least: there is no role that everybody has
	// Purposes are what the credential may identify passengers for; none: all that
	// its roles may.
	Purposes []Purpose
	// NotAfter is the last moment the credential is good; zero: until its entry is
	// taken out.
	NotAfter time.Time
}

// New makes a secret, which is shown once and stored nowhere, and the credential
// to configure for it. It refuses what NewList would refuse.
func New(name string, roles ...Role) (secret string, c Credential, err error) {
	secret = ids.New(prefix, ids.SecretSize)
	hash := ids.Hash(secret)
	c = Credential{Name: name, SHA256: hex.EncodeToString(hash[:]), Roles: slices.Clone(roles)}
	if faults := c.faults(); len(faults) > 0 {
		return "", Credential{}, fmt.Errorf("staff: %w", errors.Join(faults...))
	}
	return secret, c, nil
}

// CheckName says what is wrong with a name that shall stand in the trail: it has
// 1 to 64 bytes of UTF-8 without control characters, and no space at either end.
func CheckName(name string) error {
	if name == "" || len(name) > MaxName || !utf8.ValidString(name) ||
		strings.ContainsFunc(name, hidden) || strings.TrimSpace(name) != name {
		return fmt.Errorf("a name of 1 to %d bytes is needed, without control characters and outer spaces", MaxName)
	}
	return nil
}

// hidden is what a reader of the trail would not see, or would see elsewhere:
// control characters, and formats that turn the direction of writing.
func hidden(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }

// faults says everything that is wrong with a credential by itself.
func (c *Credential) faults() (faults []error) {
	if err := CheckName(c.Name); err != nil {
		faults = append(faults, err)
	}
	if _, ok := c.hash(); !ok {
		faults = append(faults, errors.New("sha256 must be 64 lower-case hex digits"))
	}
	if len(c.Roles) == 0 {
		faults = append(faults, fmt.Errorf("roles must name at least one role: %s", rolesInWords()))
	}
	for i, r := range c.Roles {
		if _, err := ParseRole(string(r)); err != nil {
			faults = append(faults, fmt.Errorf("roles[%d]: %w", i, err))
		} else if slices.Contains(c.Roles[:i], r) {
			faults = append(faults, fmt.Errorf("roles[%d]: %s stands twice", i, r))
		}
	}
	return append(faults, c.purposeFaults()...)
}

// hash reads SHA256. All zeros is a place-holder that somebody forgot.
func (c *Credential) hash() (hash [sha256.Size]byte, ok bool) {
	raw, err := hex.DecodeString(c.SHA256)
	if err != nil || len(raw) != sha256.Size || strings.ToLower(c.SHA256) != c.SHA256 {
		return hash, false
	}
	hash = [sha256.Size]byte(raw)
	return hash, hash != [sha256.Size]byte{}
}

// Problems are those of who is not let in.
var Problems problem.Table

// Why somebody is turned away.
var (
	// Unknown: no credential was shown, or none that is configured. Which of both
	// is not told.
	Unknown = Problems.Add(401, "staff_unauthorized",
		"A staff credential is required.", "需要工作人员凭证。",
		"Check the credential of this workplace, or ask its operator.", "请检查本岗位的凭证，或联系系统管理员。")
	// Expired: the credential was good once. Only who holds its secret hears this.
	Expired = Problems.Add(401, "staff_credential_expired",
		"This staff credential has expired.", "该工作人员凭证已过期。",
		"Ask the operator for a new credential.", "请联系系统管理员更换凭证。")
	// ForbiddenRole: the credential is good, and none of its roles may do this.
	ForbiddenRole = Problems.Add(403, "forbidden_role",
		"This credential's role may not do this.", "该凭证的岗位无权办理此业务。",
		"Send the passenger to the place that may: the station window or the station police window.", "请引导旅客到有权办理的车站窗口或车站公安制证窗口。")
	// BudgetSpent: the credential has revoked and lifted as much as it may for now.
	BudgetSpent = Problems.Add(429, "revocation_budget_spent",
		"This credential has revoked or lifted too many temporary IDs in a short time.", "该凭证短时间内撤销或恢复的证明过多。",
		"Wait until the time shown, or ask the operator.", "请在提示的时间后重试，或联系系统管理员。")
	// PurposeForbidden: the credential may identify passengers, and not for this.
	PurposeForbidden = Problems.Add(403, "purpose_forbidden",
		"This credential may not identify passengers for this purpose.", "该凭证无权为此业务核验旅客身份。",
		"Send the passenger to a station window.", "请引导旅客到车站窗口办理。")
	// IdentificationsSpent and SubjectsSpent: the credential has identified as many
	// passengers, or asked for as many pseudonyms, as it may for now.
	IdentificationsSpent = Problems.Add(429, "identification_budget_spent",
		"This credential has identified too many passengers.", "该凭证核验旅客身份次数过多。",
		"Wait until the time shown, or ask the operator.", "请在提示的时间后重试，或联系系统管理员。")
	SubjectsSpent = Problems.Add(429, "subject_budget_spent",
		"This credential has asked for too many pseudonyms.", "该凭证查询代号次数过多。",
		"Wait until the time shown, or ask the operator.", "请在提示的时间后重试，或联系系统管理员。")
)
