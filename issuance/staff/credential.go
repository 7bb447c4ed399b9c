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

// Role is the role of a staff credential. A credential may have several.
type Role string

// The roles of credentials.
const (
	Window    Role = "window"    // station window
	Agency    Role = "agency"    // ticket agency
	Police    Role = "police"    // station police desk
	Operator  Role = "operator"  // runs the issuer
	Ticketing Role = "ticketing" // ticketing system that requests decisions
	Authority Role = "authority" // delivers the national authority's results
	Machine   Role = "machine"   // ticket machine in a station
)

// Program is the issuer's own role in the audit log, for actions on a timer. No credential has this role.
const Program Role = "program"

// Roles lists the roles of credentials.
func Roles() []Role { return []Role{Window, Agency, Police, Operator, Ticketing, Authority, Machine} }

// ParseRole parses the name of a credential's role.
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
	// MaxName is the maximum length of a credential's name, bytes.
	MaxName = 64
)

// Credential allows the holder of its secret to act in its roles. The secret is "rgs_" and 64 lower-case hex
// digits; only its hash is configured.
type Credential struct {
	// Name appears in the audit log and the log. It names a place or a post ("shanghai-hongqiao-window-3"),
	// not a person. See [CheckName].
	Name   string
	SHA256 string // of the whole secret, 64 lower-case hex digits
	Roles  []Role // at least one: no role is implied
	// Purposes limit the purposes for which the credential may identify passengers; none: all purposes of
	// its roles.
	Purposes []Purpose
	// NotAfter is the last moment at which the credential is valid; zero: valid until its entry is removed.
	NotAfter time.Time
}

// New makes a secret and the credential to configure for it. The secret is printed once and never stored.
// New refuses credentials that [NewList] would refuse.
func New(name string, roles ...Role) (secret string, c Credential, err error) {
	secret = ids.New(prefix, ids.SecretSize)
	hash := ids.Hash(secret)
	c = Credential{Name: name, SHA256: hex.EncodeToString(hash[:]), Roles: slices.Clone(roles)}
	if faults := c.faults(); len(faults) > 0 {
		return "", Credential{}, fmt.Errorf("staff: %w", errors.Join(faults...))
	}
	return secret, c, nil
}

// CheckName reports a fault of a name for the audit log. A name has 1 to 64 bytes of UTF-8 without control
// characters, and no space at either end.
func CheckName(name string) error {
	if name == "" || len(name) > MaxName || !utf8.ValidString(name) ||
		strings.ContainsFunc(name, hidden) || strings.TrimSpace(name) != name {
		return fmt.Errorf("a name of 1 to %d bytes is required, without control characters and spaces at the ends", MaxName)
	}
	return nil
}

// hidden reports characters that are invisible or displace text in the audit log: control characters, and
// formats that change the direction of writing.
func hidden(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }

// faults reports every fault of a single credential.
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
			faults = append(faults, fmt.Errorf("roles[%d]: %s is a duplicate", i, r))
		}
	}
	return append(faults, c.purposeFaults()...)
}

// hash decodes SHA256. All zeros is refused: it is a placeholder that was not replaced.
func (c *Credential) hash() (hash [sha256.Size]byte, ok bool) {
	raw, err := hex.DecodeString(c.SHA256)
	if err != nil || len(raw) != sha256.Size || strings.ToLower(c.SHA256) != c.SHA256 {
		return hash, false
	}
	hash = [sha256.Size]byte(raw)
	return hash, hash != [sha256.Size]byte{}
}

// Problems are the problems of staff authentication and permission.
var Problems problem.Table

// The problems of staff authentication and permission.
var (
	// Unknown: the request has no credential, or an unknown one. The answer does not say which.
	Unknown = Problems.Add(401, "staff_unauthorized",
		"A staff credential is required.", "需要工作人员凭据。",
		"Check the credential of this workplace, or ask its operator.", "请检查本岗位的凭据，或联系系统管理员。")
	// Expired: the credential was valid before. Only the holder of its secret gets this answer.
	Expired = Problems.Add(401, "staff_credential_expired",
		"This staff credential has expired.", "该工作人员凭据已过期。",
		"Ask the operator for a new credential.", "请联系系统管理员更换凭据。")
	// ForbiddenRole: the credential is valid, and none of its roles may do the action.
	ForbiddenRole = Problems.Add(403, "forbidden_role",
		"This credential's role may not do this.", "该凭据的岗位无权办理此业务。",
		"Send the passenger to the station window or the station police window.", "请引导旅客到有权办理的车站窗口或车站公安制证窗口。")
	// BudgetSpent: the credential has used up its revocations, unrevocations and forgivings for now.
	BudgetSpent = Problems.Add(429, "revocation_budget_spent",
		"This credential has changed too many temporary IDs in a short time.", "该凭据短时间内操作的证明过多。",
		"Wait until the time shown, or ask the operator.", "请在提示的时间后重试，或联系系统管理员。")
	// AmnestiesSpent: the credential has used up its amnesties for now.
	AmnestiesSpent = Problems.Add(429, "amnesty_budget_spent",
		"This credential has declared amnesties for too many stations.", "该凭据设置放行时段的车站过多。",
		"Wait until the time shown, or ask the operator.", "请在提示的时间后重试，或联系系统管理员。")
	// PurposeForbidden: the credential may identify passengers, but not for this purpose.
	PurposeForbidden = Problems.Add(403, "purpose_forbidden",
		"This credential may not identify passengers for this purpose.", "该凭据无权为此业务核验旅客身份。",
		"Send the passenger to a station window.", "请引导旅客到车站窗口办理。")
	// IdentificationsSpent: the credential has used up its identifications for now.
	IdentificationsSpent = Problems.Add(429, "identification_budget_spent",
		"This credential has identified too many passengers.", "该凭据核验旅客身份次数过多。",
		"Wait until the time shown, or ask the operator.", "请在提示的时间后重试，或联系系统管理员。")
	// SubjectsSpent: the credential has used up its requests for pseudonyms for now.
	SubjectsSpent = Problems.Add(429, "subject_budget_spent",
		"This credential has requested too many pseudonyms.", "该凭据查询主体标识次数过多。",
		"Wait until the time shown, or ask the operator.", "请在提示的时间后重试，或联系系统管理员。")
)
