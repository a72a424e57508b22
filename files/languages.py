"""Tells how likely a text is in the languages of the old encodings.

The tables hold, for each language, the commonest pairs of characters in which one is outside ASCII.
For Chinese, Japanese and Korean they hold single characters. They were counted in the
translations that Debian ships. `_` stands for anything that is not a letter. Each pair before the
first `/` makes up e⁻¹ of all such pairs or more, each of the next ones e⁻², and so on. Romanian has
ş and ţ, because Windows-1250 writes its ș and ț so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

# Natural logarithms for what the tables below do not hold. Pairs: letters that the language has; a
# letter that it does not have; letters of two scripts. Characters: of Chinese, Japanese or Korean;
# of another script.
_RARE_PAIR, _FOREIGN_PAIR, _MIXED_PAIR = -8.5, -12.0, -14.0
_RARE_CHARACTER, _FOREIGN_CHARACTER = -10.0, -14.0

# A letter counts in two pairs, so what counts only once gets more weight.
_ONCE = 1.7

# For a capital after a small letter; for a sign between two letters.
_ODD_CASE, _INSIDE_WORD = -4.0, -8.0

_MARKS = {
    **dict.fromkeys("‘’“”–—…\u00a0", -3.5),
    **dict.fromkeys("°ºª«»¿¡•€£§©®™·", -5.0),
    **dict.fromkeys("´¨½¼¾²³±×÷¢‚„‹›¹", -8.0),
    **dict.fromkeys("、。「」『』・！？（）：；，．～【】《》〈〉\u3000　％／〜", -3.5),
}
_OTHER_MARK, _CONTROL = -11.0, -15.0
_SIGN_IN_WORD = re.compile(r"(?<=[^\W\d_])[^\w\x00-\x7f’·](?=[^\W\d_])")
_PLAIN = re.compile(r"[\x00-\x7f]+")

_GROUPS = {
    # Portuguese
    "pt": (
        "/ão/çãnãaç/é_ív_ésíõesãçõálá_árvápçídeçórtáçaiç/núrãaíúmrátóçonçêncçmáávémníímtéiáuçíc_úín"
        "úl_í/tãcósáódmóê_uá_áó_sómíóságrêcêméáxêspópá_àâmóljábóà_tídêétlêérnáháúnrósõeúúdvímúuêáqt"
        "êácbéuí/réígpôrçópésôdrâúsnâásêmífâníríscíátlíáfítáudáótrívérõiãnéã_dítâtõnómãiúpõcáógóxxã"
        "íl/lé/"
    ),
    # Spanish
    "es": (
        "/ónió/áltá/váá_ó_ínrálímánúímañúmñoódánsíól/lóíacóásró_íñasóúnámeñésúsríáccíúl_áárméágmóué"
        "tó_ó_ú/gúétbúórpámúáxbóéré_díátíoénísténávíítnóí_ídiéláícmí/áfhéyúaúlúuíaíáqíffíné_étíú_zó"
        "léúfáupúúbígómvépíógeíízíxiá//"
    ),
    # French
    "fr": (
        "//réé_éedééc_éérà__àté/néêtsééfétéséppé_êméléémvé/èrtèéliégééduéféèméaxéégètèsrèéncéaîhéôl"
        "rôièébînév/ôtlèmètêéjjàuêêmmêèlrêcèhèéqpônêdèâcèqééèg/tâçacôzéyéhôéiîtônçueçéonç//"
    ),
    # German
    "de": (
        "/fü/ürülgüänüsüb_ülü/rüßetüühütücrälöhäösüglä_äköönärähwäröät/ößmöüfälögöftänüußnömüöthö_ö"
        "ägeßöcörnäeäsä/ß_määcünüpwüäuoßfäeöäsküümöhädwögäü_/zöhüdüäf//"
    ),
    # Italian
    "it": ("è__è/à_/tàò_uòù_iù/é_iàràhé/néiò////"),
    # Catalan
    "ca": (
        "/ó_ió/és_éà_/tàrààlínvàçalíméé_ènaçtéàc/uïmòrènúïtí__úò_èsúsmàròòrúmmè_ímíç_ànpçréísvíónsó"
        "céàrnç/àgèrbéòd_àímtèúlàmüeàtpàgüè_dèuèètòltísíbòeçàxnèmúçoú_qücòònòptóíc_èüèrólèítxòiàrçò"
        "spí/cènàdíèdíxàuàffícàpòúnídígèxàqósàscínòsòrííflàúténlçòcïdjúeïvétòàpïulòxídà/dó/"
    ),
    # Galician
    "gl": (
        "/ónió/é__éá_tá/íbsíráálñaiñnúvámá_ááboñaí/ésñeánuítóídúmírñoañíaínó_ríénácsóárúntétíódáiáx"
        "úsúaú_ménéiáét/córógú_úpáámíxlíítzóléiúsúérpídíímórúleñmívíólásísñíhébóátcémóí_áffóñiápdác"
        "ádéáqíc/nópódúzácí_ínábúbímúhúívpúúbvéúfízréfííouéágósúetú//"
    ),
    # Dutch
    "nl": (
        "/eïïnénië_ééé/ëreëën/ëivóóóór/ë_ëlaïvéïmoëïeëxé_/ëtéseébéépëfcèènïsëvïd/jööreüün_ššenííéét"
        "ké//"
    ),
    # Swedish
    "sv": (
        "/örföän/ärvä_äå_/läpåälräånråtä_öövåtägkämåsäålättölåök/åsämödsöhåäsnäjä_åfäåråghägåköävhö"
        "löösgäön/mäfåöpsåöltånåäkrövågöådmööjädömdåögbödä///"
    ),
    # Danish
    "da": (
        "//ærå_ørænvæpålæøgrætø/fønøsæætæsøjælérårløævmå_æøtmæ/søkønåhørøsåøbåd_åhåånåblåølåsråødhæ"
        "øn_øgæåløvdøøsækkæjæmøgånæåeté/gøæfømægtærépø_évéfæjøædfåtåéndælébååv/bøæmæcågdåvå//"
    ),
    # Norwegian
    "nb": (
        "/å__åør/påøkfønøtø/ærjømåårlånåøyværøøløt/søråådhø_øløåpøvgåålåtåsånønømhåvåsåødtåøsmøpø/å"
        "v_éénøpnæfåbååkkøåe///"
    ),
    # Finnish
    "fi": (
        "/ä_tä/ääkääymäsäälänär/pääsjänävääilätöätämiääoyö/räö_ötönävählö_äöyäpösäkäjäe/yänököömiöe"
        "äökhäöi///"
    ),
    # Icelandic
    "is": (
        "/ð_/iðaðá__á/_írá_óí_ði_þþerðeððavææðöljááktáðu/álögógjöærhææsgöægtó_úílóvtötæmöósáanæláví"
        "ánúnuðsýýnöðóðátámætæn/ólárókræáiðsöpúrágút_öjólæáshátíbæröönmánúýrsédááðbúöfóþdíðmðgdýýpk"
        "ýlííkþáýtpíréétímórúaþúú_áhgááfsöðllýgæðrísúl/fæíférþyípíxkúðf_æyðkósææigðýsnóþafáæknýrúíð"
        "ómjúföðvbííbvéélóbsóóthúlöróþýkímþörðjívæjgú//"
    ),
    # Irish
    "ga": (
        "//áií_íoéiá_ní/ú_éatáaílíháeáó_ánsáráhéféóináúsrí_árúiú_úré/úi_éláínnóhíléé_álmáílró_ídúcá"
        "_óhúórítódúlúnásárgópédétícólúsúhótúmó/sídíátlóógdáádméábnúnégáírfáfíóntémíícséíscúcépátóú"
        "d/uíóspóúbúcúp//"
    ),
    # Albanian
    "sq": ("ë_/tëësër/pënërë/jësëhëënmë_ëëmdëkëlë/qëgëëtzëëv/ëzbë_ççiëlçeyç///"),
    # Estonian
    "et": (
        "/võ/ärväõiälõtsüäiõn/ümmä_üääühjätükälõäsõptäüsüünäül_õpäsõõr/ähtõaõüpöökõtöküük_älüäeätõl"
        "/ünmõläötrüõhnüö_säübnõõupõõepü/äbänörräõsü_ägrõädäpödhü//"
    ),
    # Polish
    "pl": (
        "//ć_ów/ięożścę_łożną_ącośużałłażyaćłążedłjąślbłróędyćeżądtó/eśłuśćęckóyśjśsłłęażtęićiąń_ł_"
        "nąż_ępńcórzęeńwłkłoł_śśwgłęt_żłyłóońząył_łełąz/sąsóańżąjęułzłódgóśnżkątwąbępótąśrżaręąćęz_"
        "źłniżękaśżdźrź_łeóżńsótwęóbdźżlócwóąpółągęśnę/dąiłłkżolęmótłpłgącąólećdżkędóińąźląźnś_iśką"
        "źwbóióójeźpę//"
    ),
    # Czech
    "cs": (
        "//í_ní/přé_řeý_ánnáváá_nýnévýčeřířiuž/ů_ráávačázži_čcííslíěnožádměněíckápííkčíát_řálvéě_že"
        "šekéýcítmáočjíláíčdávěímtízázíč_éhémtěínmíářvířá/šísáméčnž_ámíl_žoř_úénsížíáseččatétřýmdíč"
        "tděíh_šýsbýódžáštběýtř_árnčělrůčiažžkyžišuškóčkžaěttůbákůežžnídíšěrařěřlékýtáčávšréězšibíu"
        "čápmůívdévřrýíz/š_háírýričždířrčřaůžuáižácědešošašíppěhé//"
    ),
    # Slovak
    "sk": (
        "//ť_ý_é_/nénýnáá_súúbiťráaťoží__čázžiužvýávačeľ/čiú_máísnížnčaátčíáckáíkívočríéhárálzáčeľa"
        "_šjúpíštsťýcoľžedáítúčlálívéváše_únúžíľbtá/émtéťačn_žľkkľľúč_žktíyťzíčkšisáúcámánýsičímeče"
        "ťnšódnčýmšítýkýájrýkésíásčoľnútkóežrčúrmôôžúdvšžaýbhíréírhýž_mäľoľ_íctúýrípš_hľčuiš/rúeňlé"
        "uáň_yžbáádätíllóväiíkúšaápažérúťínméždošdĺĺždúušhášpškaš//"
    ),
    # Hungarian
    "hu": (
        "//ásáléstá/ítértéó__éájzáfáénláárő_kötónáléánkémáátváló/ülsévérázéégsásíéplíél_áírámzőtöné"
        "étékörtőlőévméókódövözönpéióeáívrübátízóré/ölgédáágdéösábmójázídő_ú_öávólzöímcígáőlkíiírón"
        "íújácótzüípázyűűkű__üőktúsőlüú__íükküötúsúlpírőhíügtűfüákőtdíkóáhyásúőslöósémiáművőőrrö/iú"
        "ínéhbódóríútnőháóbüröbvügőűvkáórójnüécüzóibőédőzőbgósópá//"
    ),
    # Romanian
    "ro": (
        "/ă_ţi/şi_îtăînişcăză/ăraţeşră_şsăcţştmălănăpţnţ/iţgăătândăcâpăşeaşvăăseţşufăţăşa/ţetââtăţă"
        "uârrţuţuăâmbăăşţabţîm/rşfârâ_ţlţămxă//"
    ),
    # Croatian
    "hr": (
        "//čićeućičačešiš/učžečešeškšioččnčkržštžiršžaećeđažož_ččađećišaađeč/ošća_šđuušužđašnaćčuaš"
        "_ćč_ć_ežoććuođćn/ôdkôđižnčlš__žžuićižžd/šć//"
    ),
    # Slovenian
    "sl": (
        "/očče/čiča_šičiššt_ččnši/ečačžnožč_škučšežiščešžeežoš/ažnčža_žjščjčkrščušauščrzššnčllžaš/u"
        "žlčzčižržrč/žldžšl//"
    ),
    # Russian
    "ru": (
        "///е__пя__н_сена_нест_внии_/раь_поноово_ер_ире_оантьатолпреткарой__дмена_ктоват_в_дальныта"
        "кололиодиситзаде_уостеимтитралие_зво_рлеелвеияорляобазннесм_/_фот_ты_омсоемриоквыай_бтсдое"
        "догмоинсялаыйсипачеекавпегоаропдлциспмаслх__мфайлк_кижеойирудскзоизожс_оньзнтам_аиитвн_акл"
        "_аеусозу_дижирушищеаяклчир_иввиоеасилсььныхю_апеввлсеиктнпизмачыеуеадблчаабпубозний_члю_эн"
        "д/ошейжнегбрибючвнктздрыбыуточацукмиичксссыврнытржмыткупкугрумкед_сумяховкежз_дндубккцуюну"
        "ицфибакрчниюцевуфобуидажщише_лепющипсамвтуртрмлнзв_еезифврэтят_гнсйттызуяеаг//"
    ),
    # Ukrainian
    "uk": (
        "///_пя__ви__нтио_а_анстне/_зу_еннае_нновно_двиняпоковаер_сорреі_рироатказатани_кідраом_рис"
        "алпрй_имвіувдодатов_тр_мловоийпема_ом_осів_тніит/иког_бмеекля_файаз_амицісяго_іє_тьь_мі_ул"
        "ьозодх_значобмоліамарлиінвеіслаолпісилез_оконілдлчеилихї_нттуфапаріивйлку_яавтенукиасдіопч"
        "ак_апбуабписудежеожаєр_клесю__чктд_л_отчиднеметікруутедвдкітіипвнинтнвут_адблщоочіїякьндкб"
        "оьс_єзвлкакс_мупувк/спсединдзмсллюевбаскуєіррясоядлусішееж_лацчнксійвлжніз_щ_цмвькснускрвс"
        "фіезкциздуирєтоюздртумючтвагбрітдтбішиупзоньімифйтегнкепьоелоїцебегрфохіулн_//"
    ),
    # Bulgarian
    "bg": (
        "//а_е_/_ннане_п_си_о_ан_иенвара/дапрренизатот_та_з_датстте_ока_впоно_кизотмеетияитриавкоде"
        "ли_ен_веедсеодтиромая_ов_мазле_фви_р/орай_тобмо_бсъс_екелирзвв_имци_аесърадалослоарисерфаа"
        "кинйлжеилолл_дииеожятлнтропомнтситвдоонласквочеиквъгрд_кт_гндемътежсапаслклойбеив_уешчадъа"
        "мичпиждезбрким_хопъспзпепусочзиас/аптнълзнянз_р_чиок_чщеозпцабогявбачнсвздпекскрацъзкълярт"
        "ъддн_лк_фодруктъмижалзрмвршкумбиръащидлюзоквгоборсрвгаючйтачняржряблшнфиъвъмиикукедувяйнгу"
        "бъупечй_улвнзтъсшиглеущавсояъщдвиципагзхвкщижиев_цнсрусоеб_шувргткзмннбуцебв//"
    ),
    # Serbian
    "sr": (
        "//а_е_/_п_ни_рена_су__драпрпоје/стда_о_итаненио__укаисваноавтеодм_енкоатзариме_зор_ктоекли"
        "освеањанијсаедимаказовлати_мма_вроемотизње_бде_јајаривогмоинсп/ик_а_ромамитњакевоојцидон__"
        "твискадврдрелчизнешгрсетркупијаозк_т_диерујлозиопси_ггуднетупбиичнуј_илирењоконобумачштлеа"
        "лесјусубаг_езвнд_бррућеолљасласчеснишапз_уснткручутукељвљбешкпе_лбо/уншас_киржтвзвпах_љету"
        "жар_евицљуулжиксшеепктећпц_шкљв_ихеизопузуочаоегзлеоабдумбчарс_чцежесвацеђблглчкјиожл_тнши"
        "_енсклебољагошндфимиућ_фђедбашршљкчнгагоугћиткздуррншћибидргађцадвчућасојтзм//"
    ),
    # Belarusian
    "be": (
        "///а__пнара_ня_кае_непа_зы_адваь_і_/анць_атавыал_вда_д_су_амрыныстмаар_кзаьнавпрацасайагля"
        "льчаерня_ўаклаенымў_азаблічыаеаўыятр_фніфаннме/кі_мзнатньачйл_уэндл_тцаапікгацідз_рлекомыт"
        "ыісоў_бтэрэк_ццлом_іцаяолцыылкунтпеыцверул_емсяр_ецз_клзвй_інроосвізеыксц_ідкт_чэысбах_міо"
        "днулк_гэттоовынсі_ямяпібусуўнд_о_ноўдлюю_гчвотус_бо_ш_цгроршчскдоспых/зьшыжа_лснб_саўвкрдр"
        "яв_чсьяўедупашўтуеякэквяднючлуутызыффіырумгэукксівытдыывыбмлгууспоонўлічслілсеядткзіджтнкт"
        "твсыесмоучькдупуьмн_окяпжыекулртьцярбыяццеузахімблопшадтвуойэлчнэмзмеврселэч//"
    ),
    # Greek
    "el": (
        "///ς_α__α_τν_τοη__εο__πουνα_σστ_δ/ι_ταση_μείποειυ_τη_κενατανε_ή_ικαιμααρροιαδεισμερικαραης"
        "νοτεμέό_διοςχεαπέντιερετ_γωνίασε/πρ_ολοτήομεπ_έυνπαίν_χησακπιορ_ηρχδοντπεγρλεασοιον_νοπγια"
        "λκόκεκοαςσυούαμίομοσμιοά_μηηννευπολογαφημεσήςχρτριμκτυρργοσρενωί__υύ_όνλλμιρίάλ_όπόράτάώνα"
        "γίσ_ήλήδυ_λπλγήέγμήλαήσθεαδτωωσφαυσνηεγρέρη_θέςελυτμπσιτό_βόςλημόέτιλεκκλάν/υμμμεςύνγκητεδ"
        "νιφάάσέχοίηκγοευιεαυτυρόγαλάότθμθηόμφήιδμίσφηραθλιθαφοσίέσνάνόχοιτρήκέθοέλοτκργνγίήτκυήκήμ"
        "άρεξκάιρπάοθιάίτζε_άάτοδσαπίδηλμιςλέβορωεμμάιννδκήγεωρνέυχίηγγδίτέαίόρβάήρίζ//"
    ),
    # Turkish
    "tr": (
        "//ı_nıınsı/ırrıdılııliççiişçeeğ_çğieçtışlştışaşş_ık_ö/mıyıağürümönımeşıyüngöçaü_çıtürüızıs"
        "şicığığelüşıgüsükışauşiğzıdüaçüzç__şüköröz_üıcyüğl/nüığölpıösşmbömüülrçşeüsoşğuğroğçofırşu"
        "ğıdüyütşuıtdöşkbüyöküıfüşğa/söşvgığ_züçöüğçlögüvçübıüçğmcü//"
    ),
    # Hebrew
    "he": (
        "//ת_/ה__מ_הית_ל_אם__של_ניות_ב/ן_י_ים_תמור_ונשל_נ_קורלירוא_קויו_ע_יריש_שילאביינתיב_מילה_פיי"
        "ובימאי_כנתיל_סך__רו_אומקתמוד/_גוןבותוץ_ק__חמסע_מתד_אתדיולנהירסממהפונוויטיקשלויקוגגוקיסיפרפ"
        "יגימע_דמנארשובץשמכוחבישג_וותקברטוומגרח_יה_צציהונגרמידהמיט_והתדויאמשוחמ_סולממךוסין_טרשפתמאע"
        "יט_רהופספרכרתלטעםאלושקבאנכיערחידריסגליבהרבליפואוקלש_זעלפסשגהשכתבעהיכנצבס_לק/שנרבהקנטז_ף_תח"
        "לתתרשתחדוזתןמר_םנדנכחרמלקרבתמחהחהס_ןשרלפוםאקאמפעהאחודפקלבהיצהצאפלבהלצוחלכשבנמצהפאהקנמדראבצ"
        "שםצררפנ_בחיחבקתכםימכללהנקהדבעדפהרדשהסרזיעומפהגסהאחטלרטשבוכועכרגדיכתברךקתזהרג//"
    ),
    # Arabic
    "ar": (
        "//ال_اة_/_مر_لمية_ل/ا_ل_ن_ي_م__تت_اتد__ف_عانلافي_بف__ألي_إستلتارلفيمماى_لللو_صير_كرةلأمس_ي"
        "ع_مل/مةميح__سندياورط_را_قاممولعصوناونب_تيديذاغيبي_ناسعلو_روينترواتولب_وفارينيكا_غويولقالحل"
        "نساتحعرسيعن_خ_حعملىدولإض_سملقه_تاودابتعق_يحص_مفخطداتنمنيلبافتدةحديساففراحيترضاءقيائمتلسنتل"
        "خسلء_إذنصهاوفمع_رحالكمجلةك_عد_دس_دميد_ه_شبرحةتخ_جلربعلصكنمحاداك/مكخاجمأويفوسوقكريقصفكييومر"
        "يكعاز_ج_خلاياصحرركهذومخدتمئممدنوقوإلربصرصيعةنةإنجلوتطاشاجداعكونسجافلزيشربدعذيزأ_قررسددبنّر"
        "وجأسبللهوعصللشاخأرلدصاوحوبتقكسرجسويطسرشيبوسطتصرفجةلطألرقلجكلعيفششلحتأيرمسببط//"
    ),
    # Persian
    "fa": (
        "//ه_ا_/_نر__اد_ن__ب_دت__ر_پانده_ش_مم__ک_تستندار/رال_امداناروبرون_س_خو_درباردز__هواازاداسپر"
        "نمب_هاشدود_فما_گش_نوتوس_دنپ_الک_/_وخطنگ_حبهافورکرشتنشطا_عتن_جگ_نهتبتصرنشا_قصونتشکابمعموع_ک"
        "ااخفرص_عتفتف_خوشومقرس_ص_زتهره_لگافاکنختخاکساشمهسااتلاوشترقدقاحاجااهدوهنمت_چکلگرتفغ_کهتخصف/"
        "اع_آبدسهدسمنولپاپشخصشنتاتظوجنقجورگحد_غشخرفسررمعلعدظهنسمشسبط_فظح_عاض_تمخ_ق_گوپوزمگذزنعنشمج_"
        "جروعرتشهقطرضلهقلبللبظررزخهگزبسجدوقفححهرجعرچ_فه_طفعسطخلتعرچشرصلتغاصمسنبعمملمحکماطّصضاذابوظ_"
        "مکظاطرنظ/اقخرنجپذذ_قشمجگشبززارقصازهطهمدرحاکطوچسهمبکتککتنصصرصهفقبعپسلولمقعرخرص/"
    ),
    # Lithuanian
    "lt": (
        "//ų_išą__į/į_ėsašiųčiė_ši_šnėlėžišaeš_žšktėmėmą/ėltųužėtbūdžkšštę_žydėėjūtšmįrrėėrš_nųtąlų"
        "ičsąmųšvįvūražšoečšykėęsnįšrją/nčąrtęįjjųšukųląežūsįdėmlįtįnęrššųgąbęšedųž_kąbėtūščžešssėš"
        "jrūnąrųsųžajįušpėiąždbųūkšdvėįkrąrįačžrąjvųšpeįgūšėįtgųėž/įsučiūšlžvžošądąėkgėžkmęlęcūūzzų"
        "dįėnočžtųsošožzėyšįgųj_čąsjūšnžbšįžmįpąlržrčžuėppąvą//"
    ),
    # Latvian
    "lv": (
        "///ā_rāītāstāēttīšatēārērādlēnāēlvēkāējātmēdīmāībpārīāmzīājiņīm/jālāēgvāē_kšālīg_škļēmļalī"
        "ūtļūācūdošpēsērēzēākešdēšibūaļīdeļašņušķņaķiēšījdāš_/īvnēnīīkānbāežī_gābēļuņešoņosīšīšusāē"
        "sbīhēūsāšēcīsžīgšābšāaņīštļlūēnūktūeņgūtņīcšērķģi/rūūrmīhīķeļozā_īļšķaiķcīāvšrķējūvīīnēļāp"
        "pīīpušcēcāišaāēdņāģē_āšszņiģoķeģšp_ēūnjēņšžoļ_šūuāažža_ļ//"
    ),
    # Thai
    "th": (
        "///ม่ารไมอง/้อี่่อิด_ไ่าทีามเกกาข้้มง__เแฟับฟ้ื่มาขอ_แน_ายกเ่สตัางไดด้้าือสาแพกจมีเปม_ใชพก"
        "้_/รถานรัอมอก้งั้ียดขลาระหราดช้อยในชืต้หนำหกิสำควด_่งเลงแ์_ผิเรบ_ูลัง_กมูวาก_่มัวจ_กรค่ัดร"
        "า่นพลงกาก_ขติ็นรืจะต์ดพอนงเ่ไ_คต่่วูก_ตกั่_ป็รีกตบบกำอผปรงรดเนแ้นแลย_า_วน้วรูร์ลือรใหไปนทุ"
        "่ลัหม_หปลเขันรอบรรุยน_สยกหลนต_ทรกู่ณะว_ถู่ใขณวเวยรเักแบดตำเหา_พตรยูเพเมนขนดล้_จูปว่งไทัยาบ"
        "แ่รนีอ_ช่กท_ในไอบรร/อัอคครริจาภาสัละะเี้_ช_อส่อ่แสพิปิถองอ_รงขย่สดดงพบทำะบจัร็บเ_มี_ล_อแห้"
        "นเล่บั_ซ่ยลิกลิม็จั่รทาตแตคุงคกข่ตจำทอคำยั่เร้ออหันหุดาพนินกาวสรุณปับคบกขีรม//"
    ),
    # Chinese, simplified
    "zh": (
        "//的/用件不文无数在/法有个为中出字一时是行定名使符选表标置式项目能输到对可效要入列指错或"
        "作以于录/设据存已未将和本器示包程分新值进类取号误接参信除引型语失没过被制支命模息序正建大了"
        "务显重户令配前间组提后上败库密格如更动认位所码下打关发系果并加同查需持索内子开部空您应创读现"
        "多签换成从改必量写版变理区称则删操钥键小当度请证复解此服图合统地须软记交最象含只者义这找结默"
        "编态来非告节启执转档函它移该略/期安处会许块外回状检获段自但生主工串任限之方第其全否允性超知"
        "识次归始通单而警长载代别匹与口点运容条印准止问消级头装退连达忽束路计链备径属集意确试源经相向"
        "像日缺调规析至每端化少视修排由色给权范注机按址等保返求面整明题因域围缩何询得元志线验展带缓体"
        "事算冲完页添书锁闭终择压窗供起助且跳送太构份导访替实仅隔扩环描禁常仓共触基比句预跟远临管清原"
        "些放两/也具译补坏述控旧收搜功联宽偏断二储辑员弃素说恢突话及里映然继丁特例待踪受留递约尾盘缀"
        "先即群真立们初反响覆道音续边手盖套停异布角境销报右绝样损强见左尝帮克切把拉平言形决校释直流照"
        "传聚秒零根丢射钮框测他议致都协频高板享界推依翻省插尔总树登亚层望增兼国步再种细死情好菜公较赖"
        "够/"
    ),
    # Chinese, traditional
    "tw": (
        "//的/用檔無不定/案法在有式使數個時中目字指為設選出名是一入取項位行輸示列要件標元效到錯作"
        "以資已號可新未/或存本誤能區除將錄稱於訊結引組分顯符者提語程動值格開合表和令沒重失如更後支建"
        "正版過料碼敗鍵模前對變執所大會預立置間啟鑰發生理果讀來了被寫包參交下需請型上工解記態內這空類"
        "器應子度得此您從移成則至證套體物同金進小多加狀連換文略非串編第端否相期並只庫告最單找簽視序機"
        "統路修援回處系之方代/含關刪警徑自塊部命頭準傳安與次息圖明服容當複制裝別印性索其任始像而密忽"
        "併改整完束載義每但該等面轉封現全按必配規查線製源知原檢長主接外限停窗條由影縮向確範址擇少止何"
        "驗欄點排群須尋籤許伺份信它段試憑遠算通析供及經快增清求暫域色放級軟因允尾識保基譯地衝章題備控"
        "函量頁產計給追屬圍意寬送缺常權日註具太壓離說實做比境功化先補隔搜超棄蹤樣白終跳替盤閉描覆兩憶"
        "消特且儲二異/損網述即鎖廢音強切留也鈕尚決附受你起突些管斷他依素偏映右情僅人匯把平底舊例還翻"
        "流邊蓋問共務集照片壞真直登好反較亞環左員遞然操輯嘗若拉顏碟觸綴報打收協達差游掛續都運絕們測形"
        "際透介秒身銷助署母繪繼景調割撤細詳根叫帶冊話十適手樹裡想考構高再導核充似推拒隱呼擴迴短公緩致"
        "才/"
    ),
    # Japanese
    "ja": (
        "//ーのま/すしでをンはルにトがイせいスんるたてック/なフれシリきプさりラタドデ定ョァとあア"
        "かロ数ジテバレブ用セグィパ/サコキ名使オメ行こエみマ指ら表力ムく合不効示文ポけケ出無ェ字要列"
        "カ設う変一ュ値時失ウ成正よ中作だザめつベっ書敗ダボ更入込も必内対実除式ユォ場前/動関取モ終有"
        "可存在最新読ソ語型明チ子わャ置ズ再間削号生引了認能鍵証ビえ外開配へ告ば形大報検期番警ど同続後"
        "義付照得化理情ヘ接換見複部限ペ制上ナ現的長発全方そおワ性以含空切目準ぎ問参位ネピ信下画索算先"
        "約所標び選識択署分ニ保視致覧/ガ加解ハ囲記法始演当返じ処者集追範持別小ミ通確受状利張起べ予日"
        "初代自構や意態む単非像適求ホ拡完止共命ゲ送際常整属縮権結想ず端項回圧個順応許計割異機重令度素"
        "元移区暗進他幅容違未決待向ち多境操ゴ各ツ果装次既特古言互体条件例呼改序規査録並末印扱依環替色"
        "本題注辞点種/頭側御組与述線訳展庫右刻復翻直壊詳符域帰否左密類統停様細秒尾知白済象釈破連量副"
        "足二両継句挿管旧備競探格来相拒優誤修閉手戻描秘係略ヒ隔強省提補遅試断高仮ゼ答親基過比第味"
    ),
    # Korean
    "ko": (
        "//다니이/지을수에습는하를로없시가자스일정/의합용음서기파사리할트인한어은않오션터있문위대"
        "그드제만값상으보함아실해작옵입치패/력데름프부모표전버형중크나행된업고소바면키되설경명식요도"
        "들디못적출여성블구변료거과세잘동메열록야호테류환원목라개필비내했조레령미브렉복장태체유우번무"
        "타연마재읽현주단안코추너분간계반당본화었결러또커/십항와더포려때임최베절래속줄진럼알능른칼확"
        "랜접선색저건공처검았템덱페각참증준방퍼법밋새끝백발든종신생매져산초예링클게찾쓰활됨두텍같램택"
        "렬영축플삭배티널운쓸권역닙것카딩근릴림올집병르허청룹압따관쪽범규약외젝통잭순볼별됩받/석헤언"
        "꾸존및런째숫뒤불쿼토듈암길후완롤슬폴막컨맞심까격돌케될젯립빠직향컬남글며셸칙냅말턴졌릭꿀캐붙"
        "듭점잠움많독빈금충께뷰닌앞노셋히밀벗양님닫묶큰효취창피뜀콜등뉴감켓콘강/"
    ),
}

_BY_CHARACTER = ("zh", "tw", "ja", "ko")


def _table(groups: str, size: int) -> dict[str, float]:
    return {
        group[at : at + size].replace("_", " "): -float(level)
        for level, group in enumerate(groups.split("/"), 1)
        for at in range(0, len(group), size)
    }


_TABLES = {
    language: _table(groups, 1 if language in _BY_CHARACTER else 2)
    for language, groups in _GROUPS.items()
}
_LETTERS = {
    language: {c for pair in table for c in pair if not c.isascii()}
    for language, table in _TABLES.items()
}


def likelihood(text: str, languages: Iterable[str]) -> float:
    """Return the logarithm of how likely a text is in the best of the languages.

    Only characters outside ASCII and their neighbours count, so the likelihoods of two readings
    of the same bytes can be compared.
    """
    signs = Counter(c for c in _PLAIN.sub("", text) if not _is_letter(c))
    letters = "".join(c if _is_letter(c) or c.isascii() else " " for c in text)
    pairs = Counter(pair for pair in map("".join, pairwise(letters)) if not pair.isascii())
    folded: Counter[str] = Counter()
    for pair, n in pairs.items():
        folded["".join(c.lower()[:1] if _is_letter(c) else " " for c in pair)] += n
    odd_case = sum(n for pair, n in pairs.items() if pair[0].islower() and pair[1].isupper())
    return (
        max(_in_language(language, folded, letters) for language in languages)
        + sum(_sign(c) * n for c, n in signs.items()) * _ONCE
        + len(_SIGN_IN_WORD.findall(text)) * _INSIDE_WORD
        + odd_case * _ODD_CASE
    )


def _in_language(language: str, pairs: Counter[str], text: str) -> float:
    table, letters = _TABLES[language], _LETTERS[language]
    if language in _BY_CHARACTER:
        characters = Counter(_PLAIN.sub("", text))
        beside = sum(n for pair, n in pairs.items() if _is_mixed(pair))
        alone = sum(n * _character(c, table) for c, n in characters.items())
        return alone * _ONCE + beside * _RARE_PAIR
    return sum(n * (table.get(pair) or _pair(pair, letters)) for pair, n in pairs.items())


def _pair(pair: str, letters: set[str]) -> float:
    if _is_mixed(pair):
        return _MIXED_PAIR
    return _RARE_PAIR if all(c.isascii() or c in letters for c in pair) else _FOREIGN_PAIR


def _is_mixed(pair: str) -> bool:
    """Return whether a Latin letter of ASCII stands beside a letter of another script."""
    return min(pair).isalpha() and min(pair).isascii() and max(pair) > "\u036f"


def _character(character: str, table: dict[str, float]) -> float:
    known = table.get(character)
    if known is not None:
        return known
    # No FAQ has half-width forms or characters of rare planes.
    return _RARE_CHARACTER if "\u3040" <= character <= "\ud7ff" else _FOREIGN_CHARACTER


def _is_letter(character: str) -> bool:
    return (character.isalpha() or "\u0300" <= character <= "\u0e4f") and character not in "ºªµ"


def _sign(character: str) -> float:
    if character in _MARKS:
        return _MARKS[character]
    return _CONTROL if "\x7f" <= character <= "\x9f" else _OTHER_MARK
