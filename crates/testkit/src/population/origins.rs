//! Groups of inhabitants with names of their own, and their shares in a region that has a city.
//!
//! National shares after the CBS (2023): Turkish 2.4%, Moroccan 2.4%, Surinamese 2.0%, Antillean 1.1%, Polish 1.4%, Syrian
//! 0.9%, Eritrean 0.15%; half as much again here, because the regions that such a network begins in have a city.

use domain::Sex;

use super::chance::Chance;
use super::given::{Given, composed, names};
use super::surnames::Surname;
use crate::Dice;

/// Where the names of a family come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Dutch,
    Turkish,
    Moroccan,
    Hindustani,
    Creole,
    Antillean,
    Polish,
    Syrian,
    Eritrean,
}

/// Families of each origin among a thousand.
const SHARES: [(Origin, u64); 9] = [
    (Origin::Dutch, 853),
    (Origin::Turkish, 33),
    (Origin::Moroccan, 33),
    (Origin::Hindustani, 14),
    (Origin::Creole, 14),
    (Origin::Antillean, 16),
    (Origin::Polish, 20),
    (Origin::Syrian, 14),
    (Origin::Eritrean, 3),
];

struct Lists {
    origin: Origin,
    men: &'static str,
    women: &'static str,
    surnames: &'static str,
    composed: (&'static str, &'static str),
    prefixes: &'static [&'static str],
}

const LISTS: [Lists; 8] = [
    Lists {
        origin: Origin::Turkish,
        men: "Mehmet Mustafa Ahmet Ali Hüseyin=Huseyin Hasan İbrahim=Ibo Osman Yusuf Murat Ömer Emre Emir Yasin Halil Ramazan Süleyman=Sülo Fatih Burak Can Kerem Hakan Serkan Enes Furkan Eymen Berat Metin Orhan Selim Cem Bilal Muhammed İsmail Recep Tolga Volkan Umut Deniz Baran",
        women: "Fatma Ayşe=Aysel Emine Hatice Zeynep Elif Meryem Şerife Hanife Sultan Özlem Esra Büşra Merve Sevgi Gülsüm=Gül Yasemin Derya Dilara Selin Ebru Songül Aylin Ceylan Melek Hülya Nur Eylül Defne Azra Ecrin İrem Tuğba Sibel Leyla Filiz Gamze Havva Rabia Zehra",
        surnames: "Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Aslan Çetin Kara Koç Kurt Özkan Şimşek Polat Korkmaz Çakır Erdoğan Güneş Aktaş Karaca Bulut Ünal Tekin Yavuz Avcı Güler Türkmen Bozkurt Ateş Acar Keskin Coşkun Kaplan",
        composed: (
            "Kara Ak Demir Öz Yıl Gün Er Tek Kay Bay Çelik Taş Koç Şen Alt Boz Sarı Güzel Deli Uz",
            "demir kaya taş dağ oğlu türk can maz kan soy al er dal gül lar lı bulut su tekin han",
        ),
        prefixes: &[""],
    },
    Lists {
        origin: Origin::Moroccan,
        men: "Mohammed=Mo,Moh Ahmed Rachid Said Hassan Youssef Ali Mustapha Hamza Omar Ayoub Bilal Karim Abdelkader=Kader Driss Jamal Khalid Brahim Abdellah=Abdel Anouar Ismail Soufiane=Soef Yassine Zakaria=Zak Ilias Adam Rayan Imran Amine Nabil Hicham Redouan Abdelhamid=Hamid Mimoun Lahcen Houssain Faysal Noureddine=Nordin Oussama Younes",
        women: "Fatima=Fatiha Aicha Khadija Naima Samira Rachida Malika Karima Hanane Salma Sara Imane Meryem Yasmina Nora Soumaya=Souma Hafida Najat Latifa Jamila Houda Ikram Chaimae Dounia Asmae Hajar Amina Zohra Loubna Nadia Bouchra Farida Mina Safae Wafae Ilham Rahma Noor Lina Fadma",
        surnames: "Amrani Idrissi Yaakoubi Bouazza Haddad Khattabi Ouali Boukhari Azzouzi Mansouri Hamdaoui Bakkali Allouchi Mokhtari Morabet Kaddouri Saidi Filali Alaoui Benali Hajji Chaouch Aoulad Yahiaoui Talbi Kasmi Messaoudi Fassi Ghazouani Jebari Barkaoui Achahbar Bouchiba Oulhaj Tahiri Rahmouni Daoudi Zerouali Souiri Khalloufi Ouarghi Bouhali Mimouni",
        composed: (
            "Bou Ouaz Khal Cha Had Mou Az Ham Rah Zer Kas Dah",
            "zidi rani ouchi laoui mani bani daoui kari chati souni rroudi hraoui lali khti",
        ),
        prefixes: &["el", "", "el", "ben", "", "ait", "el"],
    },
    Lists {
        origin: Origin::Hindustani,
        men: "Ramon Rishi Anand Sandeep Dinesh Soenil=Soen Rajesh Ravi Radjen Krishna Ashwin Vikash Roy Steven Jaswant Harold Sharma Amar Dharminder=Dharm Kewal",
        women: "Sharmila Indra Shanti Asha Radha Sita Anjali Priya Sunita Santosha Kamla Roshni Rashmi Devika Sarita Usha Chandra Varsha Melissa Farah",
        surnames: "Ramdin Jagroep Soekhoe Bihari Kalpoe Mahabier Ramlal Gangaram Raghoebar Jankie Sewnarain Biharie Baldewsingh Mohan Kisoen Hira Balak Sital Oedit Matai",
        composed: (
            "Ram Jag Bis Soe Ra Maha Bha Gang Nar Shiw Moh Par",
            "din roep nath sing persad lal bali dat khelawan autar dew gobind",
        ),
        prefixes: &[""],
    },
    Lists {
        origin: Origin::Creole,
        men: "Johannes=John Romeo Clyde Dennis Ruben Winston Orlando Kenneth=Ken Glenn Milton Humphrey Stanley Iwan André Edgar Lloyd Regillio=Regi Jerrel Franklin Delano",
        women: "Jacqueline Chantal Wilhelmina=Mina Cynthia Lucia Henna Gerda Yvonne Astrid Muriel Naomi Shanice Jennifer Urmia Lilian Merlien Sabrina Esselien Rachelle Denise",
        surnames: "Pinas Sabajo Wijngaarde Blokland Kartosen Soekardi Amatmoekrim Pawiro Landveld Seedorf Vrede Rijssel Cairo Zeefuik Burleson Hasselbaink Braafheid Doekoe Linger Tevreden Menig Esajas Nooitmeer Purperhart Overman Sopawiro",
        composed: (
            "Wij Blok Amat Soe Karto Pawi Land Kogel Hard Stuger",
            "loo ger redjo dikromo veld voort redjo man stad wijk",
        ),
        prefixes: &[""],
    },
    Lists {
        origin: Origin::Antillean,
        men: "Juan Shurendy=Shu Gilbert Rudsel Jurensley=Jurens Edwin Angelo Quincy Raymond Elvis Ruthsel Churandy Jairzinho=Jair Rigoberto=Rigo Jeandro Eugene Norwin Hubert Ricardo Jaydrick",
        women: "Maria=Mari Shardinella=Shardi Rosalinda=Rosa Yolanda Sharlene Jeanira Gianelly Denisha Luisa Vivian Sheila Juliana Rugenia Nathalie Jurmaine Zulay Merlyn Angeline Tatiana Xiomara",
        surnames: "Martina Maduro Winklaar Rosalia Martis Croes Isenia Cijntje Isidora Maria Sambo Kock Geerman Tromp Pieters Koolman Janga Mercera Felicia Girigorie Bernadina Curiel Hato Sprockel Doran",
        composed: (
            "Ber Mar Cle Fran Ros Mer Eus Jan Pla Win",
            "nabela tina menta cisca alina cedes tatia sen cida klaar",
        ),
        prefixes: &["", "", "", "", "de la"],
    },
    Lists {
        origin: Origin::Polish,
        men: "Piotr Krzysztof=Krzys Andrzej Tomasz=Tomek Paweł Jan Marcin Michał Jakub=Kuba Mateusz Łukasz Grzegorz=Grzesiek Adam Szymon Kacper Filip Dawid Wojciech=Wojtek Rafał Sebastian",
        women: "Anna=Ania Katarzyna=Kasia Agnieszka=Aga Małgorzata=Gosia Joanna=Asia Magdalena=Magda Monika Zuzanna=Zuzia Julia Oliwia Maja Aleksandra=Ola Natalia Karolina Ewa Dorota Beata Wiktoria=Wika Paulina Iwona",
        surnames: "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski Jankowski Mazur Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Zając Pawłowski Michalski Król Wieczorek Jabłoński Wróbel Nowakowski Majewski Olszewski Stępień",
        composed: (
            "Kowal Grab Mal Jan Wiśn Zab Sob Bor Kras Lis Mar Nied",
            "owski ewski iński ak czyk icki ek arski ański kiewicz",
        ),
        prefixes: &[""],
    },
    Lists {
        origin: Origin::Syrian,
        men: "Mohammad Ahmad Mahmoud Khaled Omar Ali Abdullah=Abed Hassan Youssef Ibrahim Mustafa Bassel Samer Anas Majd Yazan Nour Hamza Feras Wael Adnan Amjad Bilal Jamil Karam",
        women: "Fatima Amal Rania Maryam Nour Hala Rima Sara Layla Amina Hanan Huda Salma Rasha Lina Samar Aya Ghada Reem Sham Dima Batoul Iman Najwa Rahaf",
        surnames: "Ahmad Hassan Ali Khalil Ibrahim Hussein Mahmoud Haddad Masri Halabi Khatib Hamwi Saleh Jasem Sheikh Abdullah Darwish Nasser Shami Kurdi Najjar Sabbagh Qasim Barakat Mansour Hariri Zoubi Atrash Omar Ismail",
        composed: ("Ha Kha Sha Ma Ba Ja Sa Na Da Ra", "mdan lidi hin ssoud rraf beri loum ttar haddin jjar"),
        prefixes: &["al", "", "al", "", "al", "abu"],
    },
    Lists {
        origin: Origin::Eritrean,
        men: "Tesfay Haile Yonas Kidane Mehari Berhane Filmon Abraham Samuel Daniel Henok Robel Tekle Gebre Weldu Isaias Amanuel Merhawi Natnael Mulugeta Habtom Kibrom Aron Ghirmay Yemane",
        women: "Selam Helen Mihret Letay Rahel Saba Semhar Freweini=Fre Bisrat Ruta Luwam Eden Feven Hiwet Winta Senait Tirhas Natsnet Azieb Meron Yordanos Aster Abeba Lidya Soliana",
        surnames: "Tesfay Haile Yonas Kidane Mehari Berhane Filmon Abraham Samuel Daniel Henok Robel Tekle Gebremariam Weldegebriel Isaias Amanuel Teklemariam Gebreyesus Woldeab Habtom Kibrom Ghebremedhin Ghirmay Yemane",
        composed: (
            "Gebre Tekle Wolde Haile Habte Tesfa",
            "mariam selassie medhin yesus giorgis michael ab tsion",
        ),
        prefixes: &[""],
    },
];

/// The names of one group.
struct Group {
    origin: Origin,
    men: Vec<Given>,
    women: Vec<Given>,
    surnames: Vec<&'static str>,
    composed: (&'static str, &'static str),
    prefixes: &'static [&'static str],
}

/// The names of all groups but the Dutch.
pub(super) struct Groups(Vec<Group>);

impl Origin {
    /// The origin of one family.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        dice.weighted(&SHARES)
    }

    /// Persons of a thousand born abroad on a day that nobody recorded, and registered as 1 January.
    pub(super) fn january_per_mille(self, year: u16) -> u64 {
        match self {
            Self::Turkish if year < 1975 => 60,
            Self::Moroccan if year < 1980 => 120,
            Self::Syrian if year < 2016 => 100,
            Self::Eritrean if year < 2016 => 150,
            Self::Dutch
            | Self::Turkish
            | Self::Moroccan
            | Self::Hindustani
            | Self::Creole
            | Self::Antillean
            | Self::Polish
            | Self::Syrian
            | Self::Eritrean => 0,
        }
    }

    /// Whether names come in several spellings because they were written in another script.
    pub(super) fn transliterated(self) -> bool {
        matches!(self, Self::Moroccan | Self::Syrian | Self::Eritrean)
    }
}

impl Groups {
    pub(super) fn new() -> Self {
        let group = |lists: &Lists| Group {
            origin: lists.origin,
            men: names(lists.men),
            women: names(lists.women),
            surnames: lists.surnames.split_whitespace().collect(),
            composed: lists.composed,
            prefixes: lists.prefixes,
        };
        Self(LISTS.iter().map(group).collect())
    }

    fn group(&self, origin: Origin) -> Option<&Group> {
        self.0.iter().find(|group| group.origin == origin)
    }

    /// A given name; `None` for the Dutch.
    pub(super) fn given(&self, origin: Origin, sex: Sex, dice: &mut Dice) -> Option<Given> {
        let group = self.group(origin)?;
        let names = if sex == Sex::Female { &group.women } else { &group.men };
        // The most common is borne by six in a hundred: Mohammed more often, most others less.
        let rank = dice.rank(6, 3);
        names.get(rank % names.len()).cloned()
    }

    /// A surname as a man bears it; `None` for the Dutch.
    pub(super) fn surname(&self, origin: Origin, dice: &mut Dice) -> Option<Surname> {
        let group = self.group(origin)?;
        let rank = dice.rank(10, 5);
        let stem = group
            .surnames
            .get(rank)
            .map_or_else(|| composed(group.composed, rank), |name| (*name).to_owned());
        let prefix = group.prefixes.get(rank % group.prefixes.len()).copied().unwrap_or_default();
        // The BRP's table of voorvoegsels has the articles; the others are part of the name.
        Some(if matches!(prefix, "ben" | "ait" | "abu") {
            let mut letters = prefix.chars();
            let capital: String =
                letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
            Surname::plain(format!("{capital} {stem}"))
        } else {
            Surname { prefix, stem }
        })
    }
}
