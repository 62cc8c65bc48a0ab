//! Given names by sex and generation, with the name somebody is called by.
//!
//! Names and their rough order of frequency are facts (Nederlandse Voornamenbank; SVB for the latest years). How fast
//! frequencies fall off differs by generation: before 1960 the first names of a list were borne by four persons in a
//! hundred, since 1990 the most common by fewer than one, and a long tail of rare names is composed here.

use domain::Sex;

use super::chance::Chance;
use crate::Dice;

/// `Formal=called,called`; without `=` one is called by the formal name.
const MEN_BEFORE_1960: &str = "Johannes=Jan,Hans,Joop,Johan Cornelis=Kees,Cor,Cees Hendrik=Henk,Hein,Harry Jan Wilhelmus=Wim,Willem,Will Petrus=Piet,Peter,Pierre Gerardus=Gerard,Gerrit,Ger Jacobus=Jaap,Koos,Jack,Ko Pieter=Piet,Peter Willem=Wim Adrianus=Adrie,Ad,Arie,Janus Antonius=Ton,Toon,Anton,Theo Johannes=Sjaak,Jo Gerrit=Ger Theodorus=Theo,Dirk,Dorus Franciscus=Frans,Sjef,Cis Martinus=Martin,Tinus,Rien Lambertus=Bert,Lammert,Bertus Dirk=Dick Hendrikus=Henk,Henny,Rik Arie=Aad Nicolaas=Nico,Klaas,Niek Leendert=Leen,Leo Josephus=Jos,Jef,Sjef Albertus=Ab,Bert,Appie Jacob=Jaap,Job Klaas=Klaas,Nico Bernardus=Ben,Bernard Everardus=Evert,Ed Simon=Siem Abraham=Bram,Ab Teunis=Teun,Theo Cornelis=Neel,Nelis Frederik=Freek,Fred,Frits Mattheus=Thijs,Mat Johan=Joop Rudolf=Ruud,Rudi Marinus=Rinus,Marien Hubertus=Huub,Bert Christiaan=Chris Arnoldus=Nol,Arnold Andries=Dries Hermanus=Herman,Manus,Harm Reinder=Rein Sebastianus=Bas Egbertus=Bert,Egbert Eduard=Ed,Eddy Maarten=Maart Laurentius=Lau,Laurens Sietse Douwe Jelle Sjoerd Harmen=Harm Berend=Ben";
const WOMEN_BEFORE_1960: &str = "Maria=Ria,Marie,Mieke,Rie,Marijke Johanna=Jo,Annie,Hanneke,Joke Cornelia=Corrie,Nel,Cor,Lia Wilhelmina=Willy,Mien,Wil,Mina Elisabeth=Bep,Els,Lies,Betsy,Liesbeth Anna=Annie,An,Ans Catharina=Toos,Trees,Cato,Karin,Rina Hendrika=Riek,Hennie,Rika Jacoba=Coby,Co,Jacqueline Adriana=Jeanne,Adrie,Sjaan Petronella=Nel,Petra,Ellie Geertruida=Truus,Geertje,Gerda Johanna=Hannie,Jopie Margaretha=Greet,Gré,Margreet,Marga Antonia=Toni,Toos,Tonny Theodora=Dora,Doortje,Thea Francisca=Cisca,Sientje,Fransje Gerarda=Gerda,Gerrie Aaltje=Alie Grietje=Gré,Greetje Helena=Leny,Heleen,Lenie Alida=Alie,Ali,Lida Martina=Tine,Martine Jannetje=Janny,Jannie Neeltje=Nel,Nelly Trijntje=Trijn,Tine Bernardina=Dien,Dini Josephina=Fien,Josje,Jos Dirkje=Dirkje,Dick Hendrikje=Hennie,Rie Allegonda=Gonda,Gonnie Lamberta=Bertha,Berta Barbara=Bar,Babs Agatha=Agaath,Aagje Christina=Stien,Tine,Chris Pieternella=Nel,Pietje Sophia=Fie,Sofie,Fietje Gijsberta=Bertha,Gijsje Magdalena=Leen,Lena Willemina=Willemien,Mien Apolonia=Plonie,Loni Clasina=Sien,Ina Jantje=Jannie Antje=Annie Klaasje=Klaske Sjoukje=Sjouk Tjitske Froukje=Frouk Berendina=Dina,Dini Clara=Klaartje Rosalia=Roos,Lia Louisa=Loes,Wies Augusta=Guusje Emma Lucia=Luus,Cia";
const MEN_1960_TO_1989: &str = "Johannes=Hans,Jan,John,Jos Peter Marcel Robert=Rob,Bob Erik Patrick Martin Richard Marco Dennis Jeroen Mark Michel Ronald=Ron Paul Sander Edwin René Frank Petrus=Peter,Piet Cornelis=Kees,Cees,Cor Bastiaan=Bas Stefan Willem=Wim,Pim Martijn Bart Arjan Hendrik=Henk,Erik Jeffrey=Jeff Michael=Mike,Maikel Danny Wilhelmus=Wim,Willem Alexander=Alex,Lex,Sander Arnold=Arno Vincent Wouter Raymond=Ray Jan-Willem Remco Antonius=Ton,Toine,Anton Theodorus=Theo Gerardus=Gerard,Geert Jacobus=Jaap,Jacco,Koos Franciscus=Frank,Frans Christiaan=Chris Sebastiaan=Bas,Sebas Rik Hendrikus=Henk,Harrie Leonardus=Leo,Leon Nicolaas=Nico,Niels Thomas=Tom Johan Ruben Tim Kevin Roy Jasper Maarten Joost Roel Sjoerd Pieter Ewout Gijsbert=Gijs,Bert Matthijs=Thijs Jurgen Rutger Wilco Bernardus=Ben Adrianus=Ad,Arjan Mathieu=Matt Ferry Rolf Barend=Bart Hugo Floris Diederik=Dirk,Diek Lambertus=Bert Jelle Menno Harm Wesley Quirinus=Quirijn,Rien";
const WOMEN_1960_TO_1989: &str = "Maria=Marja,Marian,Marieke,Mirjam,Miriam Johanna=Hanneke,Joke,Anja,Joanne Monique Sandra Anna=Anneke,Anouk,Annemiek Patricia=Pat Wilhelmina=Wilma,Willemijn Linda Esther Ingrid Angelique=Angel Cornelia=Corine,Carla,Lia Petra Elisabeth=Els,Lisette,Ellis,Liesbeth Mariska Jolanda=Jolan Karin Marjolein=Mar Nicole Bianca Saskia Yvonne Brigitte Kim Suzanne=Suus,Sanne Wendy Chantal Melissa Catharina=Karin,Toos,Ina Daniëlle=Daan Jacqueline=Jacq,Lien Astrid Hendrika=Henriëtte,Rieke Debby Mirjam Claudia Marloes Manon Judith Ellen Barbara=Babs Sabrina Femke Simone Renate Annemarie Tamara Marijke Denise Francisca=Ciska Jacoba=Jacomien,Coby Adriana=Adri,Arianne Margaretha=Margriet,Greetje Geertruida=Trudy Inge Natasja Joyce Miranda Irene Caroline=Caro Christina=Christa,Tineke Heleen Martine Susanna=Suzan Antoinette=Toni,Nettie Sylvia Jeanette=Jannet Erna Dorothea=Dorien,Thea Theresia=Thérèse,Trees Marleen Rosalie=Roos Leonie Josephina=José,Josine Ilse Hester Maartje Gerarda=Gerda Wietske";
const MEN_SINCE_1990: &str = "Daan Sem Lucas Noah Levi Finn Thomas=Tom Bram Luuk Milan Jesse Lars Thijs Tim Julian Ruben Stijn Jayden Sam Max Mees Liam Luca Benjamin=Ben Niels James Hugo Jan Johannes=Hans,Jan,Johan,Jens Adam Gijs Mats Cas Teun Jens Siem Boaz Floris Tijn David Ryan Nick Kevin Rick Mike Joey Dylan Roy Bas Jordy Wesley Sven Koen Robin Jasper Mitchell=Mitch Maarten Pim Stefan Alexander=Alex,Lex,Sander Olivier=Olie Noud Guus Morris Mason Owen Jurre Joep Sepp Willem=Wim,Pim Pieter=Piet Cornelis=Kees,Cees Hendrik=Henk,Rik Jacob=Jaap Samuel=Sam Nathan Oscar Otis Vince Dean Kyan Jelle Fedde Sjoerd Hidde Melle Dex Ties Abel Pepijn=Pep Quinten Damian Tobias=Tobi Jack Elias Rayan Senna Maxim=Max Felix Job Fabian Jonathan Casper=Cas Matthijs=Thijs Bastiaan=Bas Christiaan=Chris Wouter Rens Twan Loek Kai Xavi";
const WOMEN_SINCE_1990: &str = "Emma Julia Sophie=Fie Anna=Anne,Anouk Sara Lotte Lisa Eva Mila Tess Zoë Lieke Isa Saar Noor Fleur Evi Lynn Roos Olivia Nora Femke Sanne Iris Anouk Britt Amy Kim Laura Melissa Naomi Demi Esmee Maud Merel Jasmijn=Jas Nina Lara Charlotte=Lot,Lotte Floor Elin Yara Ella Feline Liv Hanna Suze Vera Norah Sofia Hailey Lauren Loïs Sarah Maria=Marie,Mia,Ria Johanna=Hanna,Jo Elisabeth=Lisa,Liesbeth,Els,Betje Wilhelmina=Mina,Willemijn,Mien Cornelia=Corry,Lia Milou Puck Jill Lieve Veerle Bo Fenna Mare Sophia=Fie Robin Chantal Romy Michelle=Mies Danique Dewi Nienke Marit Tessa Manon Rosalie=Roos Elise Ilse Indy Livia Juul Pien Teuntje Fien Josephine=Fien,Josje Catharina=Cato,Kaat,Karen Alexandra=Lexie,Sandra Isabella=Bella,Isa Margaretha=Margot,Griet Stella Amber Noa Jade Nova Luna Hannah Maeve Lena Bente Janna Benthe Ivy Ise Kiki Sterre Wende Tirza Ruth Lydia Rachel Naomi";

/// Beginnings and endings of which rare names of the last decades are composed.
const MEN_RARE: (&str, &str) = (
    "Ja Le Mi Lu Da Te Ri Ke No Fi Jo Ty Lo Be Se Ma Ro De Bra Ste Thi Vi Ra Cha",
    "den vin lan mo rik no son tijn ck ro ley nn mar sper rion jay",
);
const WOMEN_RARE: (&str, &str) = (
    "Ja Li Ma Sa Lo Ne El Fe Mi Yu No Ro Ka Te Ve Ly Be Da Fa Ro Le Na Se Vi",
    "ra nna lle na la ya mi nthe line sa tte va lia ndy ssa rijn",
);

/// A given name, and what its bearer is called.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) formal: String,
    /// Empty: by the formal name.
    called: Vec<&'static str>,
}

impl Given {
    fn parse(text: &'static str) -> Self {
        let (formal, called) = text.split_once('=').unwrap_or((text, ""));
        Self {
            formal: formal.to_owned(),
            called: called.split(',').filter(|name| !name.is_empty()).collect(),
        }
    }

    /// A name without short forms.
    pub(super) fn only(formal: String) -> Self {
        Self { formal, called: Vec::new() }
    }

    /// What this bearer is called: a person whose name has short forms goes by one of them in four cases of five.
    pub(super) fn called(&self, dice: &mut Dice) -> String {
        if self.called.is_empty() || dice.percent(20) {
            self.formal.clone()
        } else {
            dice.one(&self.called).to_owned()
        }
    }
}

/// Names in the order of their frequency.
pub(super) fn names(list: &'static str) -> Vec<Given> {
    list.split_whitespace().map(Given::parse).collect()
}

/// The names of one generation and sex.
struct Generation {
    names: Vec<Given>,
    offset: usize,
    octaves: u64,
}

/// All Dutch given names.
pub(super) struct GivenNames {
    men: [Generation; 3],
    women: [Generation; 3],
}

impl GivenNames {
    pub(super) fn new() -> Self {
        let generation = |list, offset, octaves| Generation { names: names(list), offset, octaves };
        Self {
            men: [
                generation(MEN_BEFORE_1960, 8, 3),
                generation(MEN_1960_TO_1989, 16, 3),
                generation(MEN_SINCE_1990, 32, 4),
            ],
            women: [
                generation(WOMEN_BEFORE_1960, 8, 3),
                generation(WOMEN_1960_TO_1989, 16, 3),
                generation(WOMEN_SINCE_1990, 32, 4),
            ],
        }
    }

    /// A first given name.
    pub(super) fn first(&self, sex: Sex, year: u16, dice: &mut Dice) -> Given {
        let (generations, rare) = match sex {
            Sex::Female => (&self.women, WOMEN_RARE),
            Sex::Male | Sex::Unknown => (&self.men, MEN_RARE),
        };
        let [old, middle, young] = generations;
        let generation = match year {
            ..1960 => old,
            1960..1990 => middle,
            1990.. => young,
        };
        let rank = dice.rank(generation.offset, generation.octaves);
        let listed = generation.names.get(rank).or_else(|| {
            // The tail of the middle generation bears the names of its grandparents.
            (year < 1990).then(|| old.names.get(rank % old.names.len())).flatten()
        });
        listed.cloned().unwrap_or_else(|| Given::only(composed(rare, rank)))
    }

    /// A further given name: mostly after a grandparent.
    pub(super) fn further(&self, sex: Sex, dice: &mut Dice) -> String {
        let [old_men, ..] = &self.men;
        let [old_women, ..] = &self.women;
        // Catholic boys bear Maria.
        let after_women = sex == Sex::Female || dice.percent(12);
        let generation = if after_women { old_women } else { old_men };
        let rank = dice.rank(generation.offset, generation.octaves);
        generation
            .names
            .get(rank % generation.names.len())
            .map(|given| given.formal.clone())
            .unwrap_or_default()
    }
}

/// The `rank`-th combination of a beginning and an ending.
pub(super) fn composed((beginnings, endings): (&'static str, &'static str), rank: usize) -> String {
    let count = endings.split_whitespace().count().max(1);
    let beginning =
        beginnings.split_whitespace().nth(rank / count % beginnings.split_whitespace().count().max(1));
    let ending = endings.split_whitespace().nth(rank % count);
    beginning.unwrap_or_default().to_owned() + ending.unwrap_or_default()
}
