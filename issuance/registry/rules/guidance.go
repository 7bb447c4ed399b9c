package rules

import (
	"strings"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// EntryKind is the kind of a registry entry.
type EntryKind uint8

const (
	OwnEntry    EntryKind = iota + 1 // of the account holder
	ListedEntry                      // of a passenger
	// OverLimitEntry is a passenger beyond the limit of the list, who is verified with both
	// originals (rule B3).
	OverLimitEntry
)

// Guidance returns the texts about an entry's status: its name and the next step.
func Guidance(p identity.Person, s Status, of EntryKind) problem.Text {
	step := steps[kindStatus{kindOf(p.Document), s}]
	next, proof := step.common, bilingual{}
	if p.WindowOnly() && Possible(p.Document, s) && s != Verified && s != PreVerified {
		if proof = listProof; of == OwnEntry {
			proof = ownProof
		}
		if step.special != (bilingual{}) {
			next = step.special
		}
	}
	if of == OverLimitEntry && s == Pending {
		next.en = strings.Replace(next.en, "the original of the second-generation resident ID card", "the originals of both second-generation resident ID cards, the account holder's and the passenger's,", 1)
		next.zh = strings.Replace(next.zh, "持二代居民身份证原件", "持注册用户和常用联系人的二代居民身份证原件", 1)
	}
	if of == OverLimitEntry && s == Failed {
		proof.en += overLimitProof.en
		proof.zh += overLimitProof.zh
	}
	return problem.Text{EN: s.English(), ZH: s.Chinese(), NextEN: next.en + proof.en, NextZH: next.zh + proof.zh}
}

type bilingual struct{ en, zh string }

// The proofs of rule B1, appended to a next step.
var (
	ownProof = bilingual{
		", and give the last 4 digits of the account's phone number or the first 3 characters of its e-mail address",
		"，并提供手机号后4位或注册邮箱前3位"}
	listProof = bilingual{
		", and give the document number that the account holder registered with",
		"，并提供注册用户注册时填写的身份证件号码"}
)

// overLimitProof is what a failed passenger of a full list needs in addition (G04).
var overLimitProof = bilingual{
	"; since the list is full, bring the original of the account holder's resident ID card too",
	"；常用联系人已达上限，须同时携带注册用户的二代居民身份证原件"}

// steps are the next steps by document kind and status. special is for names that only a station
// window handles; empty: the same as common.
var steps = map[kindStatus]struct{ common, special bilingual }{
	{resident, Verified}: {common: bilingual{"No action is needed", "无需办理"}},
	{other, Verified}:    {common: bilingual{"No action is needed", "无需办理"}},
	{resident, Pending}: {
		bilingual{
			"Bring the original of the second-generation resident ID card to a station ticket window or a railway ticket agency for verification",
			"需持二代居民身份证原件到车站售票窗口或铁路客票代售点办理核验"},
		bilingual{
			"Bring the original of the second-generation resident ID card to a station ticket window, not to an agency, for verification",
			"需持二代居民身份证原件到车站售票窗口办理核验"},
	},
	{other, ToBeSubmitted}: {common: bilingual{
		"Bring the original of the document in the entry, which must be valid, to a station ticket window for pre-verification",
		"需持在本网站填写的有效身份证件原件到车站售票窗口办理预核验"}},
	{other, PreVerified}: {common: bilingual{
		"No action is needed: the national identity authority checks the identity next",
		"无需办理，等待国家身份认证权威部门核验"}},
	{resident, Failed}: {
		bilingual{
			"Correct the entry to match the original of the second-generation resident ID card and save it; when the status is Pending, bring the original to a station ticket window or a railway ticket agency. If the entry is already correct, bring the original to one of them directly",
			"需修改所填写的身份信息内容与二代居民身份证原件完全一致，保存后状态显示“待核验”时，持二代居民身份证原件到车站售票窗口或铁路客票代售点办理核验；信息无误的，可直接持原件到车站售票窗口或铁路客票代售点办理"},
		bilingual{
			"Correct the entry to match the original of the second-generation resident ID card and save it; when the status is Pending, or if the entry is already correct, bring the original to a station ticket window, not to an agency",
			"需修改所填写的身份信息内容与二代居民身份证原件完全一致，保存后状态显示“待核验”时，或信息无误的，持二代居民身份证原件到车站售票窗口办理核验"},
	},
	{other, Failed}: {common: bilingual{
		"Correct the entry to match the original of the document and save it; when the status is To be submitted, or if the entry is already correct, bring the original to a station ticket window",
		"需修改所填写的身份信息内容与有效身份证件原件完全一致，保存后状态显示“请报验”时，或信息无误的，持有效身份证件原件到车站售票窗口办理预核验"}},
}
