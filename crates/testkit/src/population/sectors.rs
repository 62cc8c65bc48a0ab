//! What each sector knows of a family, and how it writes it down.
//!
//! The figures are estimates from how these sectors work (whom they enrol, what their systems demand, whether they are
//! connected to the BRP); no public figures exist. They are percents.

/// Whom a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    /// A pupil, sometimes with siblings in the same school.
    Pupil,
    /// One child, with parents.
    Child,
    /// All children of a household, with parents.
    Children,
    /// Whoever lives there.
    Household,
    /// An adult client; of the children often only that there are any.
    Adult,
    /// A woman and her children.
    MotherAndChildren,
}

/// How given names are written, by weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct GivenHabit {
    /// All given names.
    pub(super) all: u64,
    /// The first one.
    pub(super) first: u64,
    /// The name somebody is called by.
    pub(super) called: u64,
    /// Initials.
    pub(super) initials: u64,
    /// Initials, and the name called by in brackets.
    pub(super) both: u64,
}

/// A sector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sector {
    pub(super) name: &'static str,
    pub(super) bsn_entitled: bool,
    pub(super) focus: Focus,
    /// How often a known family with children is known here, and a known household without.
    pub(super) with_children: u64,
    pub(super) childless: u64,
    pub(super) adults: GivenHabit,
    pub(super) children: GivenHabit,
    /// Adults under the surname that they use instead of the one at birth.
    pub(super) used_name: u64,
    /// Birth dates of clients, and of others in the record.
    pub(super) born: [u64; 2],
    /// Addresses of clients, and of others in the record.
    pub(super) address: [u64; 2],
    /// Whether a move is learned from the BRP.
    pub(super) linked: u64,
    /// Second parents, partners, and parents who live elsewhere.
    pub(super) second: u64,
    pub(super) partner: u64,
    pub(super) elsewhere: u64,
    /// An adult client's children, by name.
    pub(super) names_children: u64,
    /// Records that hold no adult.
    pub(super) children_only: u64,
    /// How much likelier than the client another person in the record lacks the BSN.
    pub(super) relative_lacks: u64,
}

const fn given(all: u64, first: u64, called: u64, initials: u64, both: u64) -> GivenHabit {
    GivenHabit { all, first, called, initials, both }
}

pub(super) const SCHOOL: Sector = Sector {
    name: "onderwijs",
    bsn_entitled: true,
    focus: Focus::Pupil,
    with_children: 26,
    childless: 0,
    adults: given(2, 8, 25, 60, 5),
    children: given(35, 15, 50, 0, 0),
    used_name: 70,
    born: [99, 25],
    address: [98, 80],
    linked: 40,
    second: 65,
    partner: 25,
    elsewhere: 45,
    names_children: 0,
    children_only: 50,
    relative_lacks: 4,
};

const GENERAL_PRACTICE: Sector = Sector {
    name: "huisarts",
    focus: Focus::Household,
    with_children: 9,
    childless: 12,
    adults: given(5, 10, 5, 70, 10),
    children: given(10, 25, 35, 30, 0),
    used_name: 55,
    born: [100, 98],
    address: [99, 99],
    linked: 50,
    second: 85,
    partner: 85,
    elsewhere: 8,
    names_children: 100,
    relative_lacks: 1,
    ..SCHOOL
};

const YOUTH_HEALTH: Sector = Sector {
    name: "jeugdgezondheidszorg",
    focus: Focus::Children,
    with_children: 13,
    childless: 0,
    adults: given(30, 15, 15, 40, 0),
    children: given(60, 20, 20, 0, 0),
    used_name: 30,
    born: [100, 80],
    address: [99, 95],
    linked: 92,
    second: 85,
    partner: 40,
    elsewhere: 70,
    children_only: 15,
    relative_lacks: 2,
    ..SCHOOL
};

const YOUTH_CARE: Sector = Sector {
    name: "jeugdzorg",
    focus: Focus::Child,
    with_children: 16,
    adults: given(20, 25, 20, 35, 0),
    children: given(35, 30, 35, 0, 0),
    used_name: 45,
    born: [100, 70],
    address: [98, 92],
    linked: 75,
    second: 80,
    partner: 60,
    elsewhere: 75,
    children_only: 25,
    relative_lacks: 2,
    ..SCHOOL
};

const SAFE_AT_HOME: Sector = Sector {
    name: "veilig-thuis",
    focus: Focus::Children,
    with_children: 8,
    adults: given(40, 20, 25, 15, 0),
    children: given(45, 25, 30, 0, 0),
    used_name: 30,
    born: [97, 85],
    address: [97, 94],
    linked: 88,
    second: 90,
    partner: 75,
    elsewhere: 85,
    children_only: 3,
    relative_lacks: 2,
    ..SCHOOL
};

const MENTAL_HEALTH: Sector = Sector {
    name: "ggz-volwassenen",
    focus: Focus::Adult,
    with_children: 9,
    childless: 30,
    adults: given(5, 15, 10, 65, 5),
    children: given(0, 20, 80, 0, 0),
    used_name: 55,
    born: [100, 45],
    address: [99, 70],
    linked: 55,
    second: 35,
    partner: 35,
    elsewhere: 0,
    names_children: 30,
    relative_lacks: 4,
    ..SCHOOL
};

const ADDICTION_CARE: Sector = Sector {
    name: "verslavingszorg",
    with_children: 4,
    childless: 14,
    linked: 45,
    second: 25,
    partner: 25,
    names_children: 25,
    ..MENTAL_HEALTH
};

const DEBT_HELP: Sector = Sector {
    name: "schuldhulp",
    with_children: 7,
    childless: 20,
    adults: given(20, 15, 10, 55, 0),
    used_name: 35,
    born: [100, 90],
    linked: 85,
    second: 90,
    partner: 90,
    names_children: 45,
    relative_lacks: 2,
    ..MENTAL_HEALTH
};

const NEIGHBOURHOOD_TEAM: Sector = Sector {
    name: "wijkteam",
    focus: Focus::Household,
    with_children: 14,
    childless: 12,
    adults: given(20, 25, 30, 25, 0),
    children: given(25, 30, 45, 0, 0),
    used_name: 45,
    born: [96, 85],
    address: [98, 96],
    linked: 80,
    second: 85,
    partner: 75,
    elsewhere: 25,
    relative_lacks: 2,
    ..GENERAL_PRACTICE
};

const POLICE: Sector = Sector {
    name: "politie",
    with_children: 7,
    childless: 14,
    adults: given(55, 20, 15, 10, 0),
    children: given(35, 40, 25, 0, 0),
    used_name: 25,
    born: [98, 85],
    address: [96, 90],
    linked: 80,
    second: 65,
    partner: 65,
    names_children: 40,
    relative_lacks: 2,
    ..MENTAL_HEALTH
};

pub(super) const REFUGE: Sector = Sector {
    name: "vrouwenopvang",
    focus: Focus::MotherAndChildren,
    with_children: 2,
    childless: 1,
    adults: given(15, 45, 40, 0, 0),
    children: given(15, 50, 35, 0, 0),
    used_name: 25,
    born: [97, 93],
    address: [90, 85],
    linked: 40,
    second: 10,
    partner: 5,
    elsewhere: 10,
    relative_lacks: 2,
    ..SCHOOL
};

const DISABILITY_CARE: Sector = Sector {
    name: "gehandicaptenzorg",
    with_children: 4,
    childless: 4,
    linked: 55,
    second: 75,
    partner: 30,
    elsewhere: 40,
    adults: given(5, 20, 25, 50, 0),
    ..YOUTH_CARE
};

const WELFARE: Sector = Sector {
    name: "welzijn",
    bsn_entitled: false,
    with_children: 6,
    childless: 8,
    adults: given(0, 20, 60, 20, 0),
    children: given(0, 15, 85, 0, 0),
    used_name: 60,
    born: [60, 45],
    address: [92, 85],
    linked: 5,
    second: 65,
    partner: 60,
    elsewhere: 10,
    ..NEIGHBOURHOOD_TEAM
};

const HOUSING: Sector = Sector {
    name: "woningcorporatie",
    bsn_entitled: false,
    with_children: 4,
    childless: 10,
    adults: given(2, 3, 5, 90, 0),
    used_name: 45,
    born: [75, 55],
    address: [100, 100],
    linked: 60,
    second: 80,
    partner: 80,
    names_children: 10,
    ..DEBT_HELP
};

/// The organisations of a region in order; a larger region has them several times.
pub(super) const ORGANISATIONS: [Sector; 24] = [
    SCHOOL,
    GENERAL_PRACTICE,
    YOUTH_HEALTH,
    YOUTH_CARE,
    NEIGHBOURHOOD_TEAM,
    MENTAL_HEALTH,
    SCHOOL,
    SAFE_AT_HOME,
    POLICE,
    DEBT_HELP,
    SCHOOL,
    WELFARE,
    ADDICTION_CARE,
    SCHOOL,
    GENERAL_PRACTICE,
    DISABILITY_CARE,
    YOUTH_CARE,
    NEIGHBOURHOOD_TEAM,
    SCHOOL,
    HOUSING,
    REFUGE,
    SCHOOL,
    GENERAL_PRACTICE,
    MENTAL_HEALTH,
];
