package rules

import (
	"strings"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// EntryKind is whose entry of the registry is read.
type EntryKind uint8

const (
	OwnEntry    EntryKind = iota + 1 // the account holder's
	ListedEntry                      // a passenger's
	// BeyondEntry is a passenger's beyond the limit of the list, who is verified with
	// the originals of both (rule B3).
	BeyondEntry
)

// Guidance is what a holder or passenger reads of an entry's status: its name, and
// the next step.
func Guidance(p identity.Person, s Status, of EntryKind) problem.Text {
	step := steps[standing{kindOf(p.Document), s}]
	next, proof := step.common, bilingual{}
	if p.WindowOnly() && Possible(p.Document, s) && s != Verified && s != PreVerified {
		if proof = listProof; of == OwnEntry {
			proof = ownProof
		}
		if step.special != (bilingual{}) {
			next = step.special
		}
	}
	if of == BeyondEntry && s == Pending {
		next.en = strings.Replace(next.en, "the original of the second-generation resident ID card", "the originals of both second-generation resident ID cards, the account holder's and the passenger's,", 1)
		next.zh = strings.Replace(next.zh, "持二代居民身份证原件", "持注册用户和常用联系人的二代居民身份证原件", 1)
	}
	if of == BeyondEntry && s == Failed {
		proof.en += beyond.en
		proof.zh += beyond.zh
	}
	return problem.Text{EN: s.English(), ZH: s.Chinese(), NextEN: next.en + proof.en, NextZH: next.zh + proof.zh}
}

type bilingual struct{ en, zh string }

// The proofs of rule B1, as the visitor is asked for them.
var (
	ownProof = bilingual{
		", and give the last 4 digits of the account's phone number or the first 3 characters of its e-mail address",
		"，并提供手机号后4位或注册邮箱前3位"}
	listProof = bilingual{
		", and give the document number that the account holder registered with",
		"，并提供注册用户注册时填写的身份证件号码"}
)

// beyond is what a failed passenger of a full list needs besides (G04).
var beyond = bilingual{
	"; since the list is full, bring the original of the account holder's resident ID card too",
	"；常用联系人已达上限，须同时携带注册用户的二代居民身份证原件"}

// steps are the next steps of each standing. special is for names that only a
// station window handles; empty: the same step.
var steps = map[standing]struct{ common, special bilingual }{
	{resident, Verified}: {common: bilingual{"Nothing needs to be done", "无需办理"}},
	{other, Verified}:    {common: bilingual{"Nothing needs to be done", "无需办理"}},
	{resident, Pending}: {
		bilingual{
			"Bring the original of the second-generation resident ID card to a station ticket window or a railway ticket agency for verification",
			"需持二代居民身份证原件到车站售票窗口或铁路客票代售点办理核验"},
		bilingual{
			"Bring the original of the second-generation resident ID card to a station ticket window, not to an agency, for verification",
			"需持二代居民身份证原件到车站售票窗口办理核验"},
	},
	{other, ToBeSubmitted}: {common: bilingual{
		"Bring the original of the valid document that was entered to a station ticket window for pre-verification",
		"需持在本网站填写的有效身份证件原件到车站售票窗口办理预核验"}},
	{other, PreVerified}: {common: bilingual{
		"Nothing needs to be done: the national identity authority checks the identity next",
		"无需办理，等待国家身份认证权威部门核验"}},
	{resident, Failed}: {
		bilingual{
			"Correct the entry to match the original of the second-generation resident ID card and save it; when the status is pending, bring the original to a station ticket window or a railway ticket agency. If the entry is right, bring the original to one of them at once",
			"需修改所填写的身份信息内容与二代居民身份证原件完全一致，保存后状态显示“待核验”时，持二代居民身份证原件到车站售票窗口或铁路客票代售点办理核验；信息无误的，可直接持原件到车站售票窗口或铁路客票代售点办理"},
		bilingual{
			"Correct the entry to match the original of the second-generation resident ID card and save it; when the status is pending, or if the entry is right, bring the original to a station ticket window, not to an agency",
			"需修改所填写的身份信息内容与二代居民身份证原件完全一致，保存后状态显示“待核验”时，或信息无误的，持二代居民身份证原件到车站售票窗口办理核验"},
	},
	{other, Failed}: {common: bilingual{
		"Correct the entry to match the original of the document and save it; when the status is to be submitted, or if the entry is right, bring the original to a station ticket window",
		"需修改所填写的身份信息内容与有效身份证件原件完全一致，保存后状态显示“请报验”时，或信息无误的，持有效身份证件原件到车站售票窗口办理预核验"}},
}
