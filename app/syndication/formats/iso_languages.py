"""Languages for RSS and Atom: tags that begin with an ISO 639-1 or 639-2 code.

A BCP 47 tag may begin with an ISO 639-3 code, such as `arz` or `yue`, which older readers and
validators reject. Most of these languages belong to a macrolanguage with an older code.
"""

# ISO 639-1, and both forms of 639-2, without a few recent codes that are not widely known.
_ISO_639_CODES = frozenset(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da
    de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz
    ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln
    lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi
    pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th
    ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu aar abk ace ach ada
    ady afa afh afr ain aka akk alb ale alg alt amh ang anp apa ara arc arg arm arn arp art arw asm
    ast ath aus ava ave awa aym aze bad bai bak bal bam ban baq bas bat bej bel bem ben ber bho bih
    bik bin bis bla bnt bod bos bra bre btk bua bug bul bur byn cad cai car cat cau ceb cel ces cha
    chb che chg chi chk chm chn cho chp chr chu chv chy cmc cop cor cos cpe cpf cpp cre crh crp csb
    cus cym cze dak dan dar day del den deu dgr din div doi dra dsb dua dum dut dyu dzo efi egy eka
    ell elx eng enm epo est eus ewe ewo fan fao fas fat fij fil fin fiu fon fra fre frm fro frr frs
    fry ful fur gaa gay gba gem geo ger gez gil gla gle glg glv gmh goh gon gor got grb grc gre grn
    gsw guj gwi hai hat hau haw heb her hil him hin hit hmn hmo hrv hsb hun hup hye iba ibo ice ido
    iii ijo iku ile ilo ina inc ind ine inh ipk ira iro isl ita jav jbo jpn jpr jrb kaa kab kac kal
    kam kan kar kas kat kau kaw kaz kbd kha khi khm kho kik kin kir kmb kok kom kon kor kos kpe krc
    krl kro kru kua kum kur kut lad lah lam lao lat lav lez lim lin lit lol loz ltz lua lub lug lui
    lun luo lus mac mad mag mah mai mak mal man mao map mar mas may mdf mdr men mga mic min mis mkd
    mkh mlg mlt mnc mni mno moh mon mos mri msa mul mun mus mwl mwr mya myn myv nah nai nap nau nav
    nbl nde ndo nds nep new nia nic niu nld nno nob nog non nor nso nub nwc nya nym nyn nyo nzi oci
    oji ori orm osa oss ota oto paa pag pal pam pan pap pau peo per phi phn pli pol pon por pra pro
    pus que raj rap rar roa roh rom ron rum run rup rus sad sag sah sai sal sam san sas sat scn sco
    sel sem sga sgn shn sid sin sio sit sla slk slo slv sma sme smi smj smn smo sms sna snd snk sog
    som son sot spa sqi srd srn srp srr ssa ssw suk sun sus sux swa swe syr tah tai tam tat tel tem
    ter tet tgk tgl tha tib tig tir tiv tkl tlh tli tmh tog ton tpi tsi tsn tso tuk tum tup tur tut
    tvl twi tyv udm uga uig ukr umb und urd uzb vai ven vie vol vot wak wal war was wel wen wln wol
    xal xho yao yap yid yor ypk zap zen zha zho znd zul zun
    """.split()
)
# ISO 639-3 macrolanguages and their languages without an older code; and Berber, a family.
_MACROLANGUAGES = {
    "ar": (
        "aao abh abv acm acq acw acx acy adf aeb aec afb apc apd arb arq ars ary arz auz avl ayh "
        "ayl ayn ayp pga shu ssh"
    ),
    "ay": "ayc ayr",
    "az": "azb azj",
    "bal": "bcc bgn bgp",
    "ber": "rif shi shy tzm zgh",
    "bik": "bcl bln bto cts fbl lbl rbl ubl",
    "bua": "bxm bxr bxu",
    "chm": "mhr mrj",
    "cr": "crj crk crl crm csw cwd",
    "del": "umu unm",
    "den": "scs xsl",
    "din": "dib dik dip diw dks",
    "doi": "dgo xnr",
    "et": "ekk vro",
    "fa": "pes prs",
    "ff": "ffm fub fuc fue fuf fuh fui fuq fuv",
    "gba": "bdt gbp gbq gmm gso gya",
    "gn": "gnw gug gui gun nhd",
    "gon": "esg gno wsg",
    "grb": "gbo gec grj grv gry",
    "hai": "hax hdn",
    "hmn": (
        "cqd hea hma hmc hmd hme hmg hmh hmi hmj hml hmm hmp hmq hms hmw hmy hmz hnj hrm huj mmr "
        "muq mww sfm"
    ),
    "ik": "esi esk",
    "iu": "ike ikt",
    "jrb": "aju jye yhd yud",
    "kg": "kng kwy ldi",
    "kok": "gom knn",
    "kpe": "gkp xpe",
    "kr": "kby knc krt",
    "ku": "ckb kmr sdh",
    "kv": "koi kpv",
    "lah": "hnd hno jat phr pnb skr xhe",
    "lv": "ltg lvs",
    "man": "emk mku mlq mnk msc mwk",
    "mg": "bhr bmm bzc msh plt skg tdx tkg txy xmv xmw",
    "mn": "khk mvf",
    "ms": (
        "bjn btj bve bvu coa dup hji jak jax kvb kvr kxd lce lcf liw max meo mfa mfb mqg msi mui "
        "orn ors pel pse tmw urk vkk vkt xmm zlm zmi zsm"
    ),
    "mwr": "dhd mtr mve rwr swv wry",
    "ne": "dty npi",
    "oj": "ciw ojb ojc ojg ojs ojw otw",
    "om": "gax gaz hae orc",
    "or": "ory spv",
    "ps": "pbt pbu pst",
    "qu": (
        "qub qud quf qug quh quk qul qup qur qus quw qux quy quz qva qvc qve qvh qvi qvj qvl qvm "
        "qvn qvo qvp qvs qvw qvz qwa qwc qwh qws qxa qxc qxh qxl qxn qxo qxp qxr qxt qxu qxw"
    ),
    "raj": "bgq gda gju hoj mup wbr",
    "rom": "rmc rmf rml rmn rmo rmw rmy",
    "sa": "cls vsn",
    "sc": "sdc sdn src sro",
    "sh": "cnr",
    "sq": "aae aat aln als",
    "sw": "swc swh",
    "syr": "aii cld",
    "tmh": "taq thv thz ttq",
    "uz": "uzn uzs",
    "yi": "ydd yih",
    "za": "zch zeh zgb zgm zgn zhd zhn zlj zln zlq zqe zyb zyg zyj zyn zzj",
    "zap": (
        "zaa zab zac zad zae zaf zai zam zao zaq zar zas zat zav zaw zax zca zcd zoo zpa zpb zpc "
        "zpd zpe zpf zpg zph zpi zpj zpk zpl zpm zpn zpo zpp zpq zpr zps zpt zpu zpv zpw zpx zpy "
        "zpz zsr zte ztg ztl ztm ztn ztp ztq zts ztt ztu ztx zty"
    ),
    "zh": "cdo cjy cmn cnp cpx csp czh czo gan hak hnm hsn luh lzh mnp nan sjc wuu yue",
}
_MACROLANGUAGE_OF = {
    part: whole for whole, parts in _MACROLANGUAGES.items() for part in parts.split()
}
# After these the language may follow as a subtag (RFC 5646, section 4.1.2).
_KEEPS_PART = frozenset(("ar", "kok", "lv", "ms", "sw", "uz", "zh"))


def to_iso_language(tag: str) -> str | None:
    """Return a language tag that begins with an ISO 639-1 or 639-2 code, or None.

    Tags that already do are unchanged: `arz-EG` becomes `ar-arz-EG`, and `ckb-IQ` becomes `ku-IQ`.
    """
    first, dash, rest = tag.partition("-")
    if first.lower() in _ISO_639_CODES:
        return tag
    whole = _MACROLANGUAGE_OF.get(first.lower())
    if whole is None:
        return None
    return (f"{whole}-{first}" if whole in _KEEPS_PART else whole) + dash + rest
