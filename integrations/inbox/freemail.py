"""Mail domains open to everybody. They say nothing about an employer, so they match no client."""

from routing.kernel.domains import domain_in

# Maintained by hand. Families with many country domains (yahoo.*, gmx.*) are listed below by name.
DOMAINS = frozenset(
    """
    gmail.com googlemail.com
    aol.com aim.com msn.com passport.com windowslive.com
    icloud.com me.com mac.com
    ymail.com rocketmail.com btinternet.com btopenworld.com sky.com talktalk.net virginmedia.com virgin.net ntlworld.com
    blueyonder.co.uk tiscali.co.uk o2.co.uk
    proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.io tuta.com tutamail.com keemail.me
    fastmail.com fastmail.fm hey.com mailbox.org posteo.de posteo.net runbox.com startmail.com disroot.org riseup.net
    mail.com email.com usa.com post.com consultant.com europe.com asia.com iname.com writeme.com
    zoho.com zohomail.com zohomail.eu
    web.de t-online.de freenet.de arcor.de online.de email.de 1und1.de kabelmail.de vodafone.de
    orange.fr wanadoo.fr free.fr sfr.fr laposte.net neuf.fr bbox.fr club-internet.fr numericable.fr
    libero.it virgilio.it tiscali.it alice.it tim.it tin.it inwind.it fastwebnet.it
    telefonica.net terra.es movistar.es ono.com
    ziggo.nl kpnmail.nl planet.nl home.nl xs4all.nl hetnet.nl telenet.be skynet.be proximus.be
    bluewin.ch hispeed.ch sunrise.ch aon.at chello.at
    wp.pl o2.pl interia.pl onet.pl onet.eu op.pl gazeta.pl poczta.fm tlen.pl
    seznam.cz centrum.cz email.cz post.cz volny.cz azet.sk centrum.sk zoznam.sk freemail.hu citromail.hu
    telia.com bredband.net spray.se online.no jubii.dk mail.dk elisanet.fi suomi24.fi
    abv.bg mail.bg ukr.net i.ua meta.ua
    mail.ru inbox.ru list.ru bk.ru yandex.ru yandex.com ya.ru rambler.ru
    qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com
    naver.com hanmail.net daum.net nate.com kakao.com
    docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp nifty.com biglobe.ne.jp ocn.ne.jp
    rediffmail.com sify.com indiatimes.com
    uol.com.br bol.com.br terra.com.br ig.com.br globo.com globomail.com r7.com oi.com.br
    comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com netzero.net
    optonline.net frontier.com windstream.net roadrunner.com rr.com centurylink.net q.com
    shaw.ca rogers.com sympatico.ca bell.net telus.net videotron.ca
    bigpond.com bigpond.net.au optusnet.com.au iinet.net.au tpg.com.au xtra.co.nz
    walla.com walla.co.il 012.net.il
    mailinator.com guerrillamail.com guerrillamail.info sharklasers.com 10minutemail.com temp-mail.org tempmail.com yopmail.com
    yopmail.fr trashmail.com getnada.com maildrop.cc dispostable.com throwawaymail.com mailnesia.com moakt.com
    duck.com mozmail.com privaterelay.appleid.com simplelogin.com anonaddy.me
    """.split()  # noqa: E501, SIM905
)
FAMILIES = frozenset({"yahoo", "hotmail", "outlook", "live", "gmx"})


def is_free(domain: str) -> bool:
    """Return whether a canonical domain, or a parent of it, is open to everybody."""
    labels = domain.split(".")
    above = {".".join(labels[place:]) for place in range(len(labels) - 1)}
    names = labels[:-1]
    if len(names) > 1 and names[-1] in {"co", "com"}:  # yahoo.co.uk, live.com.au
        names = names[:-1]
    return bool(above & DOMAINS) or names[-1] in FAMILIES


def own_domain(address: str) -> str:
    """Return the domain of an e-mail address, URL or domain, or "" if it identifies no client."""
    domain = domain_in(address)
    return "" if not domain or is_free(domain) else domain
